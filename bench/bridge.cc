// Handlers behind the bridge beside a plain gRPC service, in one run: see
// bench/README.md.
//
//   tools/dev bench bridge --json bridge.json
#include "absl/strings/str_cat.h"
#include "bench/grpc_contestant.h"
#include "bench/plan.h"

namespace am::bench {
namespace {

constexpr GrpcStyle kPlain = {.serving = GrpcServing::kPlain};
constexpr GrpcStyle kBridge = {.serving = GrpcServing::kBridge};
constexpr GrpcStyle kLateBridge = {.serving = GrpcServing::kLateBridge};

PlannedRun PlanOf(int in_flight) {
  return {.setting = {"tcp", 64, in_flight},
          .comparisons = {{absl::StrCat("bridge_tcp_64_", in_flight),
                           NameOf(kBridge),
                           "plain gRPC",
                           {NameOf(kPlain)}},
                          {absl::StrCat("late_bridge_tcp_64_", in_flight),
                           NameOf(kLateBridge),
                           "plain gRPC",
                           {NameOf(kPlain)}}}};
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "Handlers behind the bridge beside a plain gRPC service.",
      .contestants = {},
      .plan = {am::bench::PlanOf(1), am::bench::PlanOf(50)}};
  for (const am::bench::GrpcStyle& style :
       {am::bench::kPlain, am::bench::kBridge, am::bench::kLateBridge}) {
    benchmark.contestants.push_back(am::bench::MakeGrpcContestant(style));
  }
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
