// Which handlers pass for quick, and how often that is looked at.
#include <gtest/gtest.h>

#include "am/dispatch/handler_table.h"

namespace am {
namespace {

constexpr absl::Duration kLimit = absl::Microseconds(20);

class HandlerEntryTest : public testing::Test {
 protected:
  void Run(int times, absl::Duration time) {
    for (int i = 0; i < times; ++i) entry_.NoteRun(time);
  }

  int TimedOf(int runs) {
    int timed = 0;
    for (int i = 0; i < runs; ++i) timed += entry_.IsTimed(kLimit);
    return timed;
  }

  HandlerEntry entry_{"handler", {}};
};

TEST_F(HandlerEntryTest, ANewOneHasProvedNothing) {
  EXPECT_FALSE(entry_.IsQuick(kLimit));
  EXPECT_EQ(TimedOf(80), 80);
}

TEST_F(HandlerEntryTest, AQuickOneIsTimedOnceInEightRuns) {
  Run(8, absl::Microseconds(1));
  EXPECT_TRUE(entry_.IsQuick(kLimit));
  EXPECT_EQ(TimedOf(80), 10);
}

TEST_F(HandlerEntryTest, OneThatTakesLongerIsNot) {
  Run(100, 2 * kLimit);
  EXPECT_FALSE(entry_.IsQuick(kLimit));
}

TEST_F(HandlerEntryTest, OneSlowRunCostsTheReputation) {
  Run(8, absl::Microseconds(1));
  Run(1, absl::Milliseconds(1));
  EXPECT_FALSE(entry_.IsQuick(kLimit));
  EXPECT_EQ(TimedOf(80), 80);
}

}  // namespace
}  // namespace am
