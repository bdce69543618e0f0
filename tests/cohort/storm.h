// Storm: a cohort of many ranks in a simulated world under faults, from a seed.
//
//   const StormResult result = Storm({.seed = 7, .workers = 256});
//
// All join; then, while frames are dropped, duplicated, delayed and overtaken,
// ways are cut, and workers are paused, killed and replaced, all ranks are
// mapped, once. The result says of each rank what came of it, and whether that
// is true.
//
// Threads: any; storms share nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "am/simulation/simulated_world.h"

namespace am::cohort {

struct StormOptions {
  std::uint64_t seed = 1;
  int workers = 256;
};

struct StormResult {
  std::map<std::string, int> outcomes;  // how many ranks ended so
  SimulatedFaults faults;
  std::vector<std::string> violations;
};

StormResult Storm(const StormOptions& options);

}  // namespace am::cohort
