// SeedTally: what many simulations, one for each of many seeds, have come to.
//
//   SeedTally tally("tools/dev sim --verbose --seed");
//   RunSeeds(first, seeds, [&](std::uint64_t seed) {
//     ...
//     tally.Add(seed, faults, violations);
//   });
//   return tally.Report(/*needs_every_fault=*/true) ? 0 : 1;
//
// Threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "am/simulation/simulated_world.h"
#include "am/transport/mutex.h"

namespace am::fault {

class SeedTally final {
 public:
  // `again` followed by a seed is the command that runs that one.
  explicit SeedTally(std::string again) : again_(std::move(again)) {}

  // Prints the violations.
  void Add(std::uint64_t seed, const SimulatedFaults& faults,
           const std::vector<std::string>& violations);

  // Something else that is to be reported.
  void Count(const std::string& what, std::uint64_t count);

  // Prints all; returns whether there were no violations and, if that is
  // wanted, every kind of fault.
  bool Report(bool needs_every_fault);

 private:
  const std::string again_;
  Mutex mutex_;
  std::uint64_t seeds_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t violations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  SimulatedFaults faults_ ABSL_GUARDED_BY(mutex_);
};

// Runs each seed once, on as many threads as there are processors. Blocks.
void RunSeeds(std::uint64_t first, std::uint64_t seeds,
              absl::FunctionRef<void(std::uint64_t seed)> run);

}  // namespace am::fault
