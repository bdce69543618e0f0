// Runs storms, one for each of many seeds, and says what they came to.
// `tools/dev storms` builds and runs it.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/cohort/storm.h"

namespace am::cohort {
namespace {

std::vector<std::pair<std::string, std::uint64_t>> List(
    const SimulatedFaults& faults) {
  return {{"dropped", faults.frames.dropped},
          {"duplicated", faults.frames.duplicated},
          {"delayed", faults.frames.delayed},
          {"reordered", faults.frames.reordered},
          {"silent cuts", faults.silent_cuts},
          {"loud cuts", faults.loud_cuts},
          {"one-way cuts", faults.one_way_cuts},
          {"pauses", faults.pauses},
          {"kills", faults.kills}};
}

template <typename Counts>
bool Print(const char* what, const Counts& counts) {
  bool all = true;
  std::cout << what;
  for (const auto& [name, count] : counts) {
    std::cout << " " << count << " " << name << ";";
    all &= count > 0;
  }
  std::cout << "\n";
  return all;
}

int Run(std::uint64_t first, std::uint64_t seeds, int workers) {
  SimulatedFaults faults;
  std::map<std::string, std::uint64_t> outcomes;
  std::size_t violations = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const StormResult result = Storm({.seed = seed, .workers = workers});
    faults += result.faults;
    for (const auto& [name, count] : result.outcomes) {
      outcomes[name] += static_cast<std::uint64_t>(count);
    }
    for (const std::string& violation : result.violations) {
      std::cout << "seed " << seed << ": " << violation << "\n";
    }
    violations += result.violations.size();
  }
  const bool every_fault = Print("faults:", List(faults));
  Print("outcomes:", outcomes);
  std::cout << seeds << " seeds of " << workers << " ranks, " << violations
            << " violations" << std::endl;
  return violations == 0 && every_fault ? 0 : 1;
}

}  // namespace
}  // namespace am::cohort

int main(int argc, char** argv) {
  CLI::App app("Cohorts of many ranks under faults, checked.");
  std::uint64_t seeds = 100, first = 1;
  int workers = 256;
  app.add_option("--seeds", seeds, "how many, one after the other")
      ->check(CLI::PositiveNumber);
  app.add_option("--first", first, "the first of them");
  app.add_option("--workers", workers, "ranks")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  return am::cohort::Run(first, seeds, workers);
}
