#include "am/cohort/examples/crew.h"

#include <signal.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "am/cohort/examples/trainer.h"
#include "am/examples/or_die.h"

namespace am::examples {

using ::examples::Job;
using ::examples::TrainerAm;

Crew::Crew(int workers, cohort::FailurePolicy policy)
    : manager_(OrDie(Manager::Make({.name = "leader"}))), workers_(4) {
  leader_ = OrDie(cohort::Leader::Make(
      *manager_, {.size = cohort::CohortSize::Fixed(workers),
                  .failure_policy = policy,
                  .shutdown_timeout = absl::Seconds(5)}));
  for (int rank = 0; rank < workers; ++rank) StartWorker(rank);
  OrDie(leader_->AwaitComplete(absl::Seconds(10)));
}

void Crew::StartWorker(int rank) {
  workers_[static_cast<std::size_t>(rank)] =
      std::make_unique<ChildProcess>(OrDie(ChildProcess::Start(
          {"/proc/self/exe", "worker", manager_->addresses().front().ToString(),
           absl::StrCat(rank)})));
}

void Crew::Kill(int rank) {
  kill(workers_[static_cast<std::size_t>(rank)]->pid(), SIGKILL);
}

cohort::Operation<::examples::JobResult> Crew::Work(bool hangs) {
  return leader_->ParMap(TrainerAm::kWork, [hangs](int rank) {
    Job job;
    job.set_number(rank);
    job.set_hangs(hangs && rank == kKilled);
    return job;
  });
}

void Crew::AwaitStraggler() {
  v1::CohortDescription seen;
  do {
    seen = leader_->Describe().Await();
  } while (seen.operations(0).awaited_ranks_size() != 1 ||
           seen.members(kKilled).running_size() == 0);
  std::cout << "awaited: rank " << seen.operations(0).awaited_ranks(0)
            << ", which runs " << seen.members(kKilled).running(0).name()
            << "\n";
}

}  // namespace am::examples
