// Round trips, one at a time, beside raw libzmq's and gRPC's: see
// bench/README.md.
//
//   tools/dev bench ping --json ping.json
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/am_contestant.h"
#include "bench/grpc_contestant.h"
#include "bench/nng_contestant.h"
#include "bench/plan.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

constexpr GrpcStyle kBlocking = {GrpcCalling::kBlocking, PingerMethod::kPing};
constexpr GrpcStyle kCallback = {GrpcCalling::kCallback, PingerMethod::kPing};

// A case, for each scheme: "ping", "64_callback" is ping_ipc_64_callback.
struct Case {
  const char* what;
  const char* how;
  PingerMethod method;
  Waiter waiter;
  const GrpcStyle* like = nullptr;  // what of gRPC's it is to be compared with
};
constexpr Case kCases[] = {
    {"ping", "64", PingerMethod::kPing, Waiter::kThread, &kBlocking},
    {"ping", "64_callback", PingerMethod::kPing, Waiter::kCallback, &kCallback},
    {"ping", "64_coroutine", PingerMethod::kPing, Waiter::kCoroutine},
    {"echo", "64_1", PingerMethod::kEcho, Waiter::kThread},
    {"echo", "64_1_callback", PingerMethod::kEcho, Waiter::kCallback},
};

Contestants MakeContestants() {
  Contestants contestants;
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqContestant(loop));
  }
  if (HasNng()) contestants.push_back(MakeNngContestant());
  contestants.push_back(MakeGrpcContestant(kBlocking));
  contestants.push_back(MakeGrpcContestant(kCallback));
  for (const Case& one : kCases) {
    contestants.push_back(MakeAmContestant(one.method, one.waiter));
  }
  return contestants;
}

PlannedRun PlanOf(const std::string& scheme) {
  PlannedRun run = {.setting = {.scheme = scheme}, .comparisons = {}};
  for (const Case& one : kCases) {
    const std::string ours = AmContestantName(one.method, one.waiter);
    const auto name = [&](const std::string& socket) {
      return absl::StrCat(one.what, "_", socket, "_", one.how);
    };
    run.comparisons.push_back(
        {name(scheme), ours, "libzmq", ZmqContestantNames()});
    if (HasNng() && one.waiter == Waiter::kThread) {
      run.comparisons.push_back(
          {name(scheme), ours, "nng", {kNngContestantName}});
    }
    if (one.like == nullptr) continue;
    run.comparisons.push_back(
        {name(scheme == "ipc" ? "unix" : scheme),
         ours,
         one.like == &kBlocking ? "grpc_blocking" : "grpc_callback",
         {NameOf(*one.like)}});
  }
  return run;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "Round trips, one at a time.",
      .contestants = am::bench::MakeContestants(),
      .plan = {am::bench::PlanOf("ipc"), am::bench::PlanOf("tcp")}};
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
