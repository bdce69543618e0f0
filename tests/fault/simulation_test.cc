#include "tests/fault/simulation.h"

#include <gtest/gtest.h>

#include "tests/fault/recorder.h"

namespace am::fault {
namespace {

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
