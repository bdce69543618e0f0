// What two connected processes use that have nothing to say to each other.
//
//   tools/dev bench idle --json idle.json
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/am_contestant.h"
#include "bench/am_instance.h"
#include "bench/plan.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

Benchmark MakeBenchmark() {
  Benchmark benchmark = {
      .description = "What two connected processes use that are idle.",
      .contestants = {},
      .plan = {},
      .measure = MeasureIdle,
      .rounds = 3,
      .seconds = 5};
  benchmark.contestants.push_back(
      MakeAmContestant(PingerMethod::kPing, Waiter::kThread));
  benchmark.contestants.push_back(
      MakeAmContestant(PingerMethod::kPing, Waiter::kThread, kShared));
  benchmark.contestants.push_back(MakeZmqContestant(ZmqLoop::kReceive));
  for (const std::string scheme : {"ipc", "tcp"}) {
    benchmark.plan.push_back(
        {.setting = {.scheme = scheme},
         .comparisons = {
             {absl::StrCat("idle_", scheme),
              AmContestantName(PingerMethod::kPing, Waiter::kThread),
              "libzmq",
              {ZmqContestantName(ZmqLoop::kReceive)},
              "cpu_percent"}}});
  }
  benchmark.plan.push_back(
      {.setting = {.scheme = "ipc"},
       .comparisons = {
           {"idle_local",
            AmContestantName(PingerMethod::kPing, Waiter::kThread, kShared),
            "libzmq",
            {ZmqContestantName(ZmqLoop::kReceive)},
            "cpu_percent"}}});
  return benchmark;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = am::bench::MakeBenchmark();
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
