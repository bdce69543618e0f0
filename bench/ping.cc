// Round trips beside raw libzmq's, in one run: see bench/README.md.
//
//   tools/dev bench ping --json ping.json
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bench/am_contestant.h"
#include "bench/comparison_flags.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/server_process.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

// A case, for each scheme: "ping", "64_callback" is ping_ipc_64_callback.
struct Case {
  const char* what;
  const char* how;
  PingerMethod method;
  Waiter waiter;

  std::string Name(const std::string& scheme) const {
    return absl::StrCat(what, "_", scheme, "_", how);
  }
};
constexpr Case kCases[] = {
    {"ping", "64", PingerMethod::kPing, Waiter::kThread},
    {"ping", "64_callback", PingerMethod::kPing, Waiter::kCallback},
    {"ping", "64_coroutine", PingerMethod::kPing, Waiter::kCoroutine},
    {"echo", "64_1", PingerMethod::kEcho, Waiter::kThread},
    {"echo", "64_1_callback", PingerMethod::kEcho, Waiter::kCallback},
};

struct Flags : ComparisonFlags {
  std::string only;
};

// The cases whose name contains `part`.
std::vector<Case> Choose(const std::string& part, const std::string& scheme) {
  std::vector<Case> chosen;
  for (const Case& one : kCases) {
    if (absl::StrContains(one.Name(scheme), part)) chosen.push_back(one);
  }
  return chosen;
}

Contestants MakeContestants(const std::vector<Case>& cases) {
  Contestants contestants;
  contestants.push_back(MakeZmqContestant(ZmqLoop::kReceive));
  contestants.push_back(MakeZmqContestant(ZmqLoop::kPoll));
  for (const Case& one : cases) {
    contestants.push_back(MakeAmContestant(one.method, one.waiter));
  }
  return contestants;
}

Report Run(const Flags& flags) {
  Schedule schedule = flags.schedule();
  Report report;
  for (const std::string scheme : {"ipc", "tcp"}) {
    const std::vector<Case> cases = Choose(flags.only, scheme);
    if (cases.empty()) continue;
    const Outcomes outcomes =
        RunRounds(MakeContestants(cases), {scheme, 64}, schedule);
    for (const Case& one : cases) {
      const std::string ours = AmContestantName(one.method, one.waiter);
      AddRows(
          {one.Name(scheme), ours, "libzmq", {"libzmq_recv", "libzmq_poll"}},
          outcomes, report);
    }
  }
  return report;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  const am::bench::Contestants all =
      am::bench::MakeContestants(am::bench::Choose("", "ipc"));
  if (auto code = am::bench::ServeIfAsked(argc, argv, all)) return *code;
  am::bench::Flags flags;
  CLI::App app("Round trips beside raw libzmq's, in one run.");
  app.add_option("--only", flags.only, "cases whose name contains this");
  flags.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  return am::bench::Publish(am::bench::Run(flags), flags.json);
}
