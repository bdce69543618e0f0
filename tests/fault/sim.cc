// Runs simulations, one for each of many seeds, and says what they violated.
// `tools/dev sim` builds and runs it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "am/transport/mutex.h"
#include "tests/fault/simulation.h"

namespace am::fault {
namespace {

std::vector<std::pair<absl::string_view, std::uint64_t>> List(
    const SimulatedFaults& faults) {
  return {{"dropped", faults.frames.dropped},
          {"duplicated", faults.frames.duplicated},
          {"delayed", faults.frames.delayed},
          {"reordered", faults.frames.reordered},
          {"silent cuts", faults.silent_cuts},
          {"loud cuts", faults.loud_cuts},
          {"one-way cuts", faults.one_way_cuts},
          {"pauses", faults.pauses},
          {"kills", faults.kills},
          {"restarts", faults.restarts}};
}

// What many simulations have come to. Threads: any.
class Tally {
 public:
  void Add(std::uint64_t seed, const SimulationResult& result) {
    MutexLock lock(mutex_);
    ++seeds_;
    operations_ += result.history.operations.size();
    faults_ += result.faults;
    if (result.violations.empty()) return;
    violations_ += result.violations.size();
    std::cout << "seed " << seed << " (tools/dev sim --seed " << seed
              << " --verbose):\n";
    for (const std::string& violation : result.violations) {
      std::cout << "  " << violation << "\n";
    }
  }

  // Prints it; returns whether there were no violations and every fault.
  bool Report(bool needs_every_fault) {
    MutexLock lock(mutex_);
    bool every_fault = true;
    absl::string_view separator = "faults: ";
    for (const auto& [name, count] : List(faults_)) {
      std::cout << separator << count << " " << name;
      separator = ", ";
      every_fault &= count > 0;
    }
    std::cout << "\n";
    const bool lacks = needs_every_fault && !every_fault;
    if (lacks) std::cout << "some kind of fault was never injected\n";
    std::cout << seeds_ << " seeds, " << operations_ << " operations, "
              << violations_ << " violations\n";
    return violations_ == 0 && !lacks;
  }

 private:
  Mutex mutex_;
  std::uint64_t seeds_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t operations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t violations_ ABSL_GUARDED_BY(mutex_) = 0;
  SimulatedFaults faults_ ABSL_GUARDED_BY(mutex_);
};

// Each thread takes the next seed until all are done.
void RunAll(std::uint64_t first, std::uint64_t seeds, Tally& tally) {
  std::atomic<std::uint64_t> next = first;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency());
       ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t seed = next++; seed < first + seeds; seed = next++) {
        tally.Add(seed, Simulate({.seed = seed}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

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
  Tally tally;
  if (one->count() > 0) {
    const SimulationResult result = Simulate({.seed = seed});
    if (verbose) std::cout << result.text;
    tally.Add(seed, result);
    return tally.Report(/*needs_every_fault=*/false) ? 0 : 1;
  }
  RunAll(first, seeds, tally);
  return tally.Report(/*needs_every_fault=*/true) ? 0 : 1;
}

}  // namespace
}  // namespace am::fault

int main(int argc, char** argv) { return am::fault::Main(argc, argv); }
