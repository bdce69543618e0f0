// A leader and three workers in one process: acks, a parallel map, responses.
#include <iostream>
#include <memory>
#include <vector>

#include "am/cohort/cohort.h"
#include "am/cohort/examples/trainer.h"
#include "am/examples/or_die.h"

using am::examples::OrDie;
using examples::TrainerAm;

int main() {
  const auto leading = OrDie(am::Manager::Make());
  const auto leader = OrDie(am::cohort::Leader::Make(
      *leading, {.size = am::cohort::CohortSize::Fixed(3)}));

  am::examples::Trainer trainers[3];
  std::vector<std::unique_ptr<am::Manager>> managers;
  std::vector<std::unique_ptr<am::cohort::Worker>> workers;
  for (int rank = 0; rank < 3; ++rank) {
    managers.push_back(OrDie(am::Manager::Make()));
    OrDie(managers.back()->Register(trainers[rank]));
    am::cohort::WorkerOptions options;
    options.leader = leading->addresses().front().ToString();
    options.rank = rank;
    workers.push_back(
        OrDie(am::cohort::Worker::Join(*managers.back(), options)));
  }
  OrDie(leader->AwaitComplete(absl::Seconds(10)));

  // Did it work, at each? It does not: there are no points in it.
  const auto acks =
      leader->BroadcastAcks(TrainerAm::kLoad, examples::Shard()).Await();
  for (const auto& ack : acks) {
    std::cout << "rank " << ack.rank << ": " << OutcomeName(ack.outcome)
              << "\n";
  }

  const auto job = [](int rank) {
    examples::Job part;
    part.set_number(10 * rank);
    return part;
  };
  const auto mapped = leader->ParMap(TrainerAm::kWork, job).Await();
  for (const auto& [rank, result] : OrDie(mapped.Indexed())) {
    std::cout << "rank " << rank << ": " << result.text() << "\n";
  }
  const auto same =
      leader->BroadcastResponses(TrainerAm::kWork, job(9)).Await();
  std::cout << OrDie(same.Values()).size() << " times job 90" << std::endl;
}
