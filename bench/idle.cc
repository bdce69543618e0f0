// What two connected processes use that have nothing to say to each other.
//
//   tools/dev bench idle --json idle.json
#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/am_contestant.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/server_process.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

Contestants MakeContestants() {
  Contestants contestants;
  contestants.push_back(MakeAmContestant(PingerMethod::kPing, Waiter::kThread));
  contestants.push_back(MakeZmqContestant(ZmqLoop::kReceive));
  return contestants;
}

Report Run(Schedule& schedule) {
  const Contestants contestants = MakeContestants();
  Report report;
  for (const std::string scheme : {"ipc", "tcp"}) {
    AddRows({.case_name = absl::StrCat("idle_", scheme),
             .ours = std::string(contestants[0]->name()),
             .peer = "libzmq",
             .peers = {std::string(contestants[1]->name())},
             .best_by = "cpu_percent"},
            RunRounds(contestants, {scheme}, schedule), report);
  }
  return report;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  const am::bench::Contestants all = am::bench::MakeContestants();
  if (auto code = am::bench::ServeIfAsked(argc, argv, all)) return *code;

  am::bench::Schedule schedule = {.measure = am::bench::MeasureIdle,
                                  .rounds = 3};
  double seconds = 5;
  std::string json;
  CLI::App app("What two connected processes use that are idle.");
  app.add_option("--rounds", schedule.rounds, "of both contestants by turns")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", seconds, "of each sample");
  app.add_option("--json", json, "a file to write the rows to");
  CLI11_PARSE(app, argc, argv);
  schedule.load.duration = absl::Seconds(seconds);
  return am::bench::Publish(am::bench::Run(schedule), json);
}
