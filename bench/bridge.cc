// Handlers behind the bridge beside a plain gRPC service, in one run: see
// bench/README.md.
//
//   tools/dev bench bridge --json bridge.json
#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/comparison_flags.h"
#include "bench/grpc_contestant.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/server_process.h"

namespace am::bench {
namespace {

constexpr int kInFlight[] = {1, 50};

Contestants MakeContestants() {
  Contestants contestants;
  for (const int in_flight : kInFlight) {
    for (const GrpcServing serving :
         {GrpcServing::kPlain, GrpcServing::kBridge}) {
      contestants.push_back(MakeGrpcContestant(serving, in_flight));
    }
  }
  return contestants;
}

Report Run(const ComparisonFlags& flags) {
  Schedule schedule = flags.schedule();
  const Outcomes outcomes = RunRounds(MakeContestants(), {"tcp", 64}, schedule);
  Report report;
  for (const int in_flight : kInFlight) {
    AddRows({absl::StrCat("bridge_tcp_64_", in_flight),
             GrpcContestantName(GrpcServing::kBridge, in_flight),
             "plain gRPC",
             {GrpcContestantName(GrpcServing::kPlain, in_flight)}},
            outcomes, report);
  }
  return report;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  const am::bench::Contestants all = am::bench::MakeContestants();
  if (auto code = am::bench::ServeIfAsked(argc, argv, all)) return *code;
  am::bench::ComparisonFlags flags;
  CLI::App app("Handlers behind the bridge beside a plain gRPC service.");
  flags.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  return am::bench::Publish(am::bench::Run(flags), flags.json);
}
