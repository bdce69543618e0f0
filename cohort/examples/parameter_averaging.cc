// Data-parallel gradient descent: the data is scattered, each worker computes
// the gradient over its shard, the gradients are reduced to one, and the new
// weights go to all. Fits y = 3 + 2 x.
#include <iostream>
#include <vector>

#include "absl/strings/str_format.h"
#include "am/cohort/examples/in_process_cohort.h"

using am::examples::OrDie;
using examples::TrainerAm;

namespace {

constexpr int kWorkers = 4;
constexpr int kPoints = 64;
constexpr int kSteps = 200;

std::vector<examples::Shard> Shards() {
  std::vector<examples::Shard> shards(kWorkers);
  for (int i = 0; i < kPoints; ++i) {
    const double x = 2.0 * i / kPoints - 1;
    examples::Shard& shard = shards[static_cast<std::size_t>(i % kWorkers)];
    shard.add_x(x);
    shard.add_y(3 + 2 * x);
  }
  return shards;
}

}  // namespace

int main() {
  am::examples::InProcessCohort cohort(kWorkers);
  am::cohort::Leader& leader = cohort.leader();
  OrDie(leader.Scatter(TrainerAm::kLoad, Shards()).Await().status());

  examples::Vector weights;
  weights.add_values(0);
  weights.add_values(0);
  for (int step = 0; step < kSteps; ++step) {
    const auto reduced =
        leader.Reduce(TrainerAm::kGradient, weights, TrainerAm::kAdd).Await();
    const examples::Vector gradient = OrDie(reduced.value);
    for (int i = 0; i < 2; ++i) {
      const double mean = gradient.values(i) / gradient.values(2);
      weights.set_values(i, weights.values(i) - 0.2 * mean);
    }
    OrDie(leader.BroadcastAcks(TrainerAm::kUpdate, weights).Await().status());
  }
  std::cout << absl::StrFormat("y = %.3f + %.3f x\n", weights.values(0),
                               weights.values(1));
}
