// The checker is a test; here it is tested. Instances that make a mistake on
// purpose are simulated until it sees that something is wrong.

#include "am/planted_bug.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/fault/simulation.h"

namespace am::fault {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Matches;

constexpr std::uint64_t kSeeds = 1000;

// Some seed shows `violation`, and is fine without the bug. The first tried is
// one that did once.
void ExpectCaught(PlantedBug bug, const std::string& violation,
                  std::uint64_t first = 1) {
  for (std::uint64_t seed = first; seed < first + kSeeds; ++seed) {
    const SimulationResult result =
        Simulate({.seed = seed, .planted_bug = bug});
    if (!Matches(Contains(HasSubstr(violation)))(result.violations)) continue;
    EXPECT_THAT(Simulate({.seed = seed}).violations, IsEmpty());
    testing::Test::RecordProperty("seed", std::to_string(seed));
    return;
  }
  FAIL() << "not caught in " << kSeeds << " seeds";
}

TEST(PlantedBug, ACallThatRunsAgainIsCaught) {
  ExpectCaught(PlantedBug::kNoDedup, "ran 2 times", /*first=*/30);
}

TEST(PlantedBug, ASkippedCountIsCaught) {
  ExpectCaught(PlantedBug::kSkippedCount, "does not add up");
}

TEST(PlantedBug, AnOldSessionIsCaught) {
  ExpectCaught(PlantedBug::kOldSession, "handlers recorded", /*first=*/23);
}

TEST(PlantedBug, ALostReplyIsCaught) {
  ExpectCaught(PlantedBug::kLostReply, "though all was well");
}

TEST(PlantedBug, ACompletionThatRunsTwiceIsCaught) {
  ExpectCaught(PlantedBug::kCompletionTwice, "ended 2 times");
}

}  // namespace
}  // namespace am::fault
