#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "am/cohort/examples/crew.h"
#include "am/cohort/examples/trainer.h"
#include "am/cohort/worker.h"
#include "am/examples/or_die.h"

namespace am::examples {

void RunAsWorker(const std::string& address, int rank) {
  Trainer trainer;
  const auto manager =
      OrDie(Manager::Make({.name = absl::StrCat("worker-", rank)}));
  OrDie(manager->Register(trainer));
  cohort::WorkerOptions options;
  options.leader = address;
  options.rank = rank;
  options.on_forced_end = [] { std::_Exit(1); };
  const auto worker = OrDie(cohort::Worker::Join(*manager, options));
  if (worker->AwaitEnd().ok()) worker->Leave().Await().IgnoreError();
  manager->Shutdown().IgnoreError();
}

}  // namespace am::examples
