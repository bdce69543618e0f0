#include "am/transport/look.h"

#include <gtest/gtest.h>

#include <chrono>

namespace am::transport {
namespace {

using std::chrono::microseconds;

class LookRuleTest : public testing::Test {
 protected:
  // Of so many waits, how many looked. Each begins so long after the last news,
  // and has its own so long after its beginning.
  int Looks(int waits, microseconds pause, microseconds news_after) {
    int looks = 0;
    for (int i = 0; i < waits; ++i) {
      if (!rule_.MayLook(pause)) continue;
      ++looks;
      if (news_after > kMost) {
        rule_.OnVain();
      } else {
        rule_.OnNews();
      }
    }
    return looks;
  }

  static constexpr microseconds kMost{50};
  static constexpr microseconds kAtOnce{1};
  LookRule rule_{kMost};
};

TEST_F(LookRuleTest, WhoHasNewsInTimeLooksEachTime) {
  EXPECT_EQ(Looks(1000, kAtOnce, microseconds(2)), 1000);
  EXPECT_EQ(Looks(1000, kAtOnce, microseconds(40)), 1000);
}

TEST_F(LookRuleTest, WhoHasNewsLateCeasesToLook) {
  EXPECT_LE(Looks(1000, kAtOnce, microseconds(300)), 12);
}

TEST_F(LookRuleTest, WhoAsksAfterAPauseDoesNotLook) {
  EXPECT_EQ(Looks(1000, microseconds(300), microseconds(37)), 0);
}

TEST_F(LookRuleTest, WhoeverCeasedLooksAgainOnceThatPays) {
  Looks(1000, kAtOnce, microseconds(300));
  EXPECT_GE(Looks(1000, kAtOnce, microseconds(25)), 700);
}

TEST_F(LookRuleTest, ALookInVainAmongOthersIsForgotten) {
  int looks = 0;
  for (int i = 0; i < 10; ++i) {
    looks += Looks(99, kAtOnce, microseconds(2));
    looks += Looks(1, kAtOnce, microseconds(300));
  }
  EXPECT_GE(looks, 970);
}

}  // namespace
}  // namespace am::transport
