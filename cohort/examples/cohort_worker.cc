// A worker as a program of its own; see environment.h, and cohort_leader.cc. It
// may be started before its leader.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/cohort/examples/environment.h"
#include "am/cohort/examples/trainer.h"
#include "am/cohort/worker.h"
#include "am/examples/or_die.h"

using am::examples::Environment;
using am::examples::OrDie;

int main() {
  const std::string rank = Environment("RANK", "");
  am::examples::Trainer trainer;
  const auto manager = OrDie(am::Manager::Make(am::examples::OptionsFor(
      rank.empty() ? "" : absl::StrCat("worker-", rank))));
  OrDie(manager->Register(trainer));  // first: work may come at once

  am::cohort::WorkerOptions options;
  options.leader = Environment("LEADER_ENDPOINT", "");
  if (options.leader.empty() && Environment("REGISTRY", "").empty()) {
    am::examples::Refuse("where? give LEADER_ENDPOINT, or REGISTRY");
  }
  options.cohort = "example";
  if (!rank.empty()) options.rank = am::examples::NumberIn("RANK", "");
  options.on_forced_end = [] { std::_Exit(1); };
  const auto worker = OrDie(am::cohort::Worker::Join(*manager, options));
  // At once, since handlers print as well.
  std::cout << absl::StrCat("rank ", worker->rank(), "\n") << std::flush;

  const absl::Status end = worker->AwaitEnd();  // OK: the leader asks
  std::cout << "end: " << end << std::endl;
  if (end.ok()) OrDie(worker->Leave().Await());
  OrDie(manager->Shutdown());  // finishes what still runs
}
