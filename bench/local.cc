// Two processes of one host that share memory, beside raw libzmq and gRPC on
// unix sockets: see bench/README.md.
//
//   tools/dev bench local --json local.json
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bench/am_contestant.h"
#include "bench/am_instance.h"
#include "bench/grpc_contestant.h"
#include "bench/plan.h"
#include "bench/unix_contestant.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

// "ping_local_64", and "ping_local_64_parked" where nobody looks before he
// sleeps.
struct Case {
  const char* name;
  Setting setting;
  PingerMethod method;
  Waiter waiter;
  GrpcStyle grpc;
  const char* best_by;
  absl::Duration think = absl::ZeroDuration();
};

std::vector<Case> Cases() {
  return {
      {"ping_local_64",
       {"ipc", 64, 1},
       PingerMethod::kPing,
       Waiter::kThread,
       {GrpcCalling::kBlocking, PingerMethod::kPing},
       "p50_us"},
      {"ping_local_64_think300",
       {"ipc", 64, 1},
       PingerMethod::kPing,
       Waiter::kThread,
       {GrpcCalling::kBlocking, PingerMethod::kPing},
       "p50_us",
       absl::Microseconds(300)},
      {"echo_local_64_50",
       {"ipc", 64, 50},
       PingerMethod::kEcho,
       Waiter::kCallback,
       {},
       "msgs_per_s"},
      {"echo_local_4096_20",
       {"ipc", 4096, 20},
       PingerMethod::kEcho,
       Waiter::kCallback,
       {},
       "msgs_per_s"},
  };
}

Contestants MakeContestants() {
  Contestants contestants;
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqContestant(loop));
  }
  contestants.push_back(
      MakeGrpcContestant({GrpcCalling::kBlocking, PingerMethod::kPing}));
  contestants.push_back(MakeGrpcContestant({}));
  contestants.push_back(MakeUnixContestant());
  for (const std::string scheme : {kShared, kSharedParked}) {
    contestants.push_back(
        MakeAmContestant(PingerMethod::kPing, Waiter::kThread, scheme));
    contestants.push_back(
        MakeAmContestant(PingerMethod::kEcho, Waiter::kCallback, scheme));
  }
  return contestants;
}

PlannedRun PlanOf(const Case& one) {
  PlannedRun run = {
      .setting = one.setting, .comparisons = {}, .think = one.think};
  const auto ours = [&](const char* scheme) {
    return AmContestantName(one.method, one.waiter, scheme);
  };
  for (const char* scheme : {kShared, kSharedParked}) {
    const std::string name =
        absl::StrCat(one.name, scheme == kShared ? "" : "_parked");
    const auto beside = [&](const char* peer, std::vector<std::string> peers) {
      run.comparisons.push_back(
          {name, ours(scheme), peer, std::move(peers), one.best_by});
    };
    beside("libzmq", ZmqContestantNames());
    beside("grpc", {NameOf(one.grpc)});
    if (one.method == PingerMethod::kPing) {
      beside("unix_socket", {kUnixContestantName});
    }
  }
  if (one.think > absl::ZeroDuration()) {
    run.comparisons.push_back({one.name,
                               ours(kShared),
                               "parked",
                               {ours(kSharedParked)},
                               one.best_by});
  }
  return run;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "Two processes of one host that share memory.",
      .contestants = am::bench::MakeContestants(),
      .plan = {}};
  for (const am::bench::Case& one : am::bench::Cases()) {
    benchmark.plan.push_back(am::bench::PlanOf(one));
  }
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
