#include "tests/fault/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/recorder.h"

namespace am::fault {
namespace {

using ::testing::IsEmpty;

// tools/dev sim runs many more.
TEST(Simulation, EveryPromiseIsKept) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_THAT(Simulate({.seed = seed}).violations, IsEmpty())
        << "tools/dev sim --seed " << seed << " --verbose";
  }
}

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
  const SimulationResult first = Simulate({.seed = 7});
  const SimulationResult again = Simulate({.seed = 7});
  EXPECT_GT(first.history.operations.size(), 100u);
  EXPECT_EQ(ToText(first.history), ToText(again.history));
  EXPECT_EQ(first.text, again.text);
}

TEST(Simulation, AnotherSeedGivesAnotherOne) {
  EXPECT_NE(ToText(Simulate({.seed = 7}).history),
            ToText(Simulate({.seed = 8}).history));
}

}  // namespace
}  // namespace am::fault
