// Runs simulations, one for each of many seeds, and says what they violated.
// `tools/dev sim` builds and runs it.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>

#include "tests/fault/seed_tally.h"
#include "tests/fault/simulation.h"

namespace am::fault {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Simulated worlds under faults, checked.");
  std::uint64_t seeds = 100, first = 1, seed = 0;
  bool verbose = false;
  app.add_option("--seeds", seeds, "how many, one after the other")
      ->check(CLI::PositiveNumber);
  app.add_option("--first", first, "the first of them");
  const CLI::Option* const one =
      app.add_option("--seed", seed, "this one only");
  app.add_flag("--verbose", verbose, "with --seed: print what happens");
  CLI11_PARSE(app, argc, argv);
  SeedTally tally("tools/dev sim --verbose --seed");
  const auto run = [&](std::uint64_t number) {
    const SimulationResult result = Simulate({.seed = number});
    if (verbose && one->count() > 0) std::cout << result.text;
    tally.Count("operations", result.history.operations.size());
    tally.Add(number, result.faults, result.violations);
  };
  if (one->count() > 0) {
    run(seed);
  } else {
    RunSeeds(first, seeds, run);
  }
  return tally.Report(/*needs_every_fault=*/one->count() == 0) ? 0 : 1;
}

}  // namespace
}  // namespace am::fault

int main(int argc, char** argv) { return am::fault::Main(argc, argv); }
