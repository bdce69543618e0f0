// A leader as a program of its own; see environment.h, and cohort_worker.cc.
//
//   WORLD_SIZE=2 LEADER_ENDPOINT=tcp://127.0.0.1:5555 cohort_leader &
//   RANK=0 LEADER_ENDPOINT=tcp://127.0.0.1:5555 cohort_worker &
//   RANK=1 LEADER_ENDPOINT=tcp://127.0.0.1:5555 cohort_worker
#include <iostream>
#include <memory>
#include <string>

#include "am/cohort/examples/environment.h"
#include "am/cohort/examples/trainer.am.h"
#include "am/cohort/leader.h"
#include "am/examples/or_die.h"

using am::examples::OrDie;
using examples::TrainerAm;

int main() {
  am::ManagerOptions options = am::examples::OptionsFor("leader");
  options.listen = {
      am::examples::Environment("LEADER_ENDPOINT", "tcp://127.0.0.1:0")};
  const auto manager = OrDie(am::Manager::Make(options));
  std::cout << manager->addresses().front().ToString() << std::endl;

  am::cohort::CohortOptions cohort;
  cohort.name = "example";
  cohort.size =
      am::cohort::CohortSize::Fixed(am::examples::NumberIn("WORLD_SIZE", "2"));
  const auto leader = OrDie(am::cohort::Leader::Make(*manager, cohort));
  OrDie(leader->AwaitComplete(absl::Seconds(30)));
  OrDie(leader->AwaitHandlerOnAll(TrainerAm::kWork.spec.name, absl::Seconds(30))
            .Await()
            .status());

  // One-way, in order of ranks; then to each rank its own.
  examples::Job job;
  job.set_number(7);
  OrDie(leader->Broadcast(TrainerAm::kLog, job).Await().status());
  const auto outcomes = leader
                            ->ParMap(TrainerAm::kWork,
                                     [](int rank) {
                                       examples::Job part;
                                       part.set_number(rank);
                                       return part;
                                     })
                            .Await();
  for (const auto& [rank, result] : OrDie(outcomes.Indexed())) {
    std::cout << "rank " << rank << ": " << result.text() << "\n";
  }
  OrDie(leader->Shutdown());  // OK: all have left
  std::cout << "all workers have left" << std::endl;
  OrDie(manager->Shutdown());
}
