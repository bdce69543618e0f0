// Many ranks, many faults, one outcome each.
#include "tests/cohort/storm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am::cohort {
namespace {

using testing::IsEmpty;

TEST(Storm, EveryRankHasItsOutcome) {
  SimulatedFaults faults;
  std::map<std::string, int> outcomes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const StormResult result = Storm({.seed = seed, .workers = 32});
    EXPECT_THAT(result.violations, IsEmpty()) << "seed " << seed;
    faults += result.faults;
    for (const auto& [name, count] : result.outcomes) outcomes[name] += count;
  }
  for (const auto& [name, count] : faults.List()) EXPECT_GT(count, 0) << name;
  EXPECT_GT(outcomes["OK"], 0);
  EXPECT_GT(outcomes["lost"], 0);
}

TEST(Storm, TheSameSeedMakesTheSameStorm) {
  const StormResult one = Storm({.seed = 5, .workers = 32});
  const StormResult other = Storm({.seed = 5, .workers = 32});
  EXPECT_EQ(one.outcomes, other.outcomes);
  EXPECT_EQ(one.faults.List(), other.faults.List());
}

}  // namespace
}  // namespace am::cohort
