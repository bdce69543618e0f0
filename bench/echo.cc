// Echoes, many at a time, beside raw libzmq's and gRPC's: see bench/README.md.
//
//   tools/dev bench echo --json echo.json
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/am_contestant.h"
#include "bench/grpc_contestant.h"
#include "bench/nng_contestant.h"
#include "bench/plan.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

// "echo_64_50" over a unix socket, "echo_64_50_tcp" over tcp.
struct Case {
  std::size_t payload_bytes;
  int in_flight;
  PingerMethod method = PingerMethod::kEcho;
};
constexpr Case kCases[] = {
    {64, 50},
    {4096, 20},
    {1024, 25, PingerMethod::kLimitedEcho},
    {64, 1024},
};

// What a curve over the number in flight needs besides, over a unix socket.
constexpr Case kCurve[] = {{64, 1}, {64, 4}, {64, 16}, {64, 256}};

// The better of one channel and four is the peer.
constexpr GrpcStyle kGrpcStyles[] = {
    {.channels = 1},
    {.channels = 4},
};

Contestants MakeContestants() {
  Contestants contestants;
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqContestant(loop));
  }
  if (HasNng()) contestants.push_back(MakeNngContestant());
  for (const GrpcStyle& style : kGrpcStyles) {
    contestants.push_back(MakeGrpcContestant(style));
  }
  for (const PingerMethod method :
       {PingerMethod::kEcho, PingerMethod::kLimitedEcho}) {
    contestants.push_back(MakeAmContestant(method, Waiter::kCallback));
  }
  return contestants;
}

PlannedRun PlanOf(const Case& one, const std::string& scheme) {
  const std::string name =
      absl::StrCat("echo_", one.payload_bytes, "_", one.in_flight,
                   scheme == "tcp" ? "_tcp" : "");
  const std::string ours = AmContestantName(one.method, Waiter::kCallback);
  std::vector<std::string> grpc;
  for (const GrpcStyle& style : kGrpcStyles) grpc.push_back(NameOf(style));
  PlannedRun run = {
      .setting = {scheme, one.payload_bytes, one.in_flight},
      .comparisons = {
          {name, ours, "libzmq", ZmqContestantNames(), "msgs_per_s"},
          {name, ours, "grpc_callback", grpc, "msgs_per_s"},
      }};
  if (HasNng()) {
    run.comparisons.push_back({name, ours, "nng", {kNngContestantName}});
  }
  return run;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {.description = "Echoes, many at a time.",
                                    .contestants = am::bench::MakeContestants(),
                                    .plan = {}};
  for (const std::string scheme : {"ipc", "tcp"}) {
    for (const am::bench::Case& one : am::bench::kCases) {
      benchmark.plan.push_back(am::bench::PlanOf(one, scheme));
    }
  }
  for (const am::bench::Case& one : am::bench::kCurve) {
    benchmark.plan.push_back(am::bench::PlanOf(one, "ipc"));
  }
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
