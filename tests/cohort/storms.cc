// Runs storms, one for each of many seeds, and says what they came to.
// `tools/dev storms` builds and runs it.
#include <CLI/CLI.hpp>
#include <cstdint>

#include "tests/cohort/storm.h"
#include "tests/fault/seed_tally.h"

namespace am::cohort {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Cohorts of many ranks under faults, checked.");
  std::uint64_t seeds = 100, first = 1;
  int workers = 256;
  app.add_option("--seeds", seeds, "how many, one after the other")
      ->check(CLI::PositiveNumber);
  app.add_option("--first", first, "the first of them");
  app.add_option("--workers", workers, "ranks")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  fault::SeedTally tally("tools/dev storms --seeds 1 --first");
  fault::RunSeeds(first, seeds, [&](std::uint64_t seed) {
    const StormResult result = Storm({.seed = seed, .workers = workers});
    for (const auto& [name, count] : result.outcomes) {
      tally.Count("ranks " + name, static_cast<std::uint64_t>(count));
    }
    tally.Add(seed, result.faults, result.violations);
  });
  return tally.Report(/*needs_every_fault=*/seeds > 1) ? 0 : 1;
}

}  // namespace
}  // namespace am::cohort

int main(int argc, char** argv) { return am::cohort::Main(argc, argv); }
