#include "bench/plan.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "bench/comparison_flags.h"

namespace am::bench {
namespace {

struct Flags : ComparisonFlags {
  std::vector<std::string> only;

  bool Wants(const std::string& case_name) const {
    const auto means = [&](absl::string_view part) {
      return absl::ConsumePrefix(&part, "=")
                 ? case_name == part
                 : absl::StrContains(case_name, part);
    };
    return only.empty() || absl::c_any_of(only, means);
  }
};

std::vector<Comparison> Choose(const PlannedRun& run, const Flags& flags) {
  std::vector<Comparison> chosen;
  for (const Comparison& one : run.comparisons) {
    if (flags.Wants(one.case_name)) chosen.push_back(one);
  }
  return chosen;
}

std::vector<std::string> NamesIn(const std::vector<Comparison>& comparisons) {
  std::vector<std::string> names;
  for (const Comparison& one : comparisons) {
    names.push_back(one.ours);
    names.insert(names.end(), one.peers.begin(), one.peers.end());
  }
  return names;
}

Report Run(const Benchmark& benchmark, const Flags& flags) {
  Schedule schedule = flags.schedule();
  schedule.measure = benchmark.measure;
  Report report;
  for (const PlannedRun& run : benchmark.plan) {
    const std::vector<Comparison> chosen = Choose(run, flags);
    if (chosen.empty()) continue;
    schedule.contestants = NamesIn(chosen);
    schedule.load.think = run.think;
    const Outcomes outcomes =
        RunRounds(benchmark.contestants, run.setting, schedule);
    for (const Comparison& one : chosen) AddRows(one, outcomes, report);
  }
  return report;
}

}  // namespace

int RunBenchmark(Benchmark& benchmark, int argc, char** argv) {
  if (std::optional<int> code =
          ServeIfAsked(argc, argv, benchmark.contestants)) {
    return *code;
  }
  Flags flags;
  flags.rounds = benchmark.rounds;
  flags.seconds = benchmark.seconds;
  CLI::App app(benchmark.description);
  app.add_option("--only", flags.only,
                 "cases whose name contains this, or is this if = is before it")
      ->delimiter(',');
  flags.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  return Publish(Run(benchmark, flags), flags.json);
}

}  // namespace am::bench
