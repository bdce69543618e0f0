// Simulation: a world of instances under random work and random faults, all
// of it made of one seed.
//
//   const SimulationResult result = Simulate({.seed = 7});
//   for (const std::string& violation : result.violations) ...
//
// Eight instances send each other messages of all patterns for some seconds of
// simulated time, while frames are dropped, duplicated, delayed and overtaken,
// ways are cut, instances are paused, killed and restarted. Then all faults
// end, and everything may settle. The history of it is checked, and every pair
// that lives must reach each other again.
//
// Threads: any; simulations share nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "am/planted_bug.h"
#include "am/simulation/simulated_world.h"
#include "tests/fault/history.h"

namespace am::fault {

struct SimulationOptions {
  std::uint64_t seed = 1;
  PlantedBug planted_bug = PlantedBug::kNone;  // in every instance
};

struct SimulationResult {
  History history;
  std::string text;  // what happened, a line each
  SimulatedFaults faults;
  std::vector<std::string> violations;
};

SimulationResult Simulate(const SimulationOptions& options);

}  // namespace am::fault
