// Where handlers run: in the same process beside gRPC's in-process channel, and
// on the worker pool beside the receiving thread. See bench/README.md.
//
//   tools/dev bench handlers --json handlers.json
#include <string>

#include "bench/am_contestant.h"
#include "bench/grpc_contestant.h"
#include "bench/plan.h"

namespace am::bench {
namespace {

constexpr GrpcStyle kBlocking = {GrpcCalling::kInProcess, PingerMethod::kPing};
constexpr PingerMethod kPool = PingerMethod::kPoolPing;
constexpr PingerMethod kInline = PingerMethod::kInlinePing;

Comparison PoolBesideInline(const std::string& case_name, Waiter waiter) {
  return {case_name,
          AmContestantName(kPool, waiter),
          "inline",
          {AmContestantName(kInline, waiter)}};
}

Benchmark MakeBenchmark() {
  Benchmark benchmark = {
      .description = "Where handlers run.", .contestants = {}, .plan = {}};
  for (const Waiter waiter : {Waiter::kThread, Waiter::kCallback}) {
    benchmark.contestants.push_back(MakeAmLocalContestant(waiter));
    benchmark.contestants.push_back(MakeAmContestant(kPool, waiter));
    benchmark.contestants.push_back(MakeAmContestant(kInline, waiter));
  }
  benchmark.contestants.push_back(MakeGrpcContestant(kBlocking));
  const std::vector<std::string> grpc = {NameOf(kBlocking)};
  benchmark.plan = {
      {.setting = {"ipc", 64},
       .comparisons = {{"local_64", AmLocalContestantName(Waiter::kThread),
                        "grpc_inprocess", grpc},
                       {"local_64_callback",
                        AmLocalContestantName(Waiter::kCallback),
                        "grpc_inprocess", grpc}}},
      {.setting = {"ipc", 64},
       .comparisons = {PoolBesideInline("pool_64", Waiter::kThread),
                       PoolBesideInline("pool_64_callback",
                                        Waiter::kCallback)}},
      {.setting = {"ipc", 64, 50},
       .comparisons = {PoolBesideInline("pool_64_50", Waiter::kCallback)}}};
  return benchmark;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = am::bench::MakeBenchmark();
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
