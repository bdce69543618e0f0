#include "am/transport/look.h"

#include "gtest/gtest.h"

namespace am::transport {
namespace {

constexpr absl::Duration kMost = absl::Microseconds(50);

Look::Clock::time_point now;

void Pass(absl::Duration time) { now += absl::ToChronoNanoseconds(time); }

class LookTest : public testing::Test {
 protected:
  // A wait whose news come after `delay`. Returns whether it looked.
  bool Wait(absl::Duration delay, absl::Duration most = kMost) {
    const Look::Clock::time_point begin = now;
    int looks = 0;
    const bool found = look_.Until(most, [&] {
      ++looks;
      Pass(absl::Microseconds(1));
      return now - begin >= absl::ToChronoNanoseconds(delay);
    });
    looked_for_ = absl::FromChrono(now - begin);
    if (!found) {
      Pass(delay - looked_for_);
      look_.Slept();
    }
    return looks > 0;
  }

  int ShortWaitsUntilItLooks() {
    int slept = 0;
    for (; !WouldLook() && slept < 10000; ++slept) Wait(absl::Microseconds(10));
    return slept;
  }

  // Asks a copy.
  bool WouldLook() const {
    Look copy = look_;
    return copy.Until(kMost, [] { return true; });
  }

  Look look_{/*processors=*/2, [] { return now; }};
  absl::Duration looked_for_;
};

TEST_F(LookTest, TheFirstWaitSleeps) {
  EXPECT_FALSE(Wait(absl::Microseconds(10)));
}

TEST_F(LookTest, LooksAfterAShortWait) {
  Wait(absl::Microseconds(10));
  EXPECT_TRUE(Wait(absl::Microseconds(10)));
  EXPECT_EQ(looked_for_, absl::Microseconds(10));
}

TEST_F(LookTest, SleepsAfterALongWait) {
  Wait(absl::Microseconds(10));
  Wait(absl::Microseconds(300));
  EXPECT_FALSE(WouldLook());
}

TEST_F(LookTest, NeverLooksWhenAllWaitsAreLong) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(Wait(absl::Microseconds(300)));
  }
}

TEST_F(LookTest, LooksForAsLongAsItMay) {
  Wait(absl::Microseconds(10));
  Wait(absl::Microseconds(300));
  EXPECT_GE(looked_for_, kMost);
  EXPECT_LE(looked_for_, kMost + absl::Microseconds(1));
}

TEST_F(LookTest, AfterLooksInVainMoreAndMoreShortWaitsSleep) {
  Wait(absl::Microseconds(10));
  for (const int expected : {0, 1, 3, 7, 15, 31, 63, 127, 255, 255}) {
    EXPECT_EQ(ShortWaitsUntilItLooks(), expected);
    Wait(absl::Microseconds(300));
  }
}

TEST_F(LookTest, SleepsHundredsOfTimesIfOthersHadTheProcessor) {
  Wait(absl::Microseconds(10));
  for (const int expected : {0, 255, 511, 1023, 2047, 4095, 4095}) {
    EXPECT_EQ(ShortWaitsUntilItLooks(), expected);
    int looks = 0;
    look_.Until(kMost, [&looks] {
      Pass(absl::Milliseconds(3));
      return ++looks == 2;
    });
  }
}

TEST_F(LookTest, LooksThatFindSomethingMakeUpForThoseInVain) {
  Wait(absl::Microseconds(10));
  Wait(absl::Microseconds(300));
  ShortWaitsUntilItLooks();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Wait(absl::Microseconds(10)));
  Wait(absl::Microseconds(300));
  EXPECT_EQ(ShortWaitsUntilItLooks(), 1);
}

TEST_F(LookTest, ZeroNeverLooks) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Wait(absl::ZeroDuration(), absl::ZeroDuration()));
  }
}

TEST_F(LookTest, AWaitThatMayNotLookSaysNothingOfOthers) {
  Wait(absl::Microseconds(10));
  Wait(absl::Microseconds(300), absl::ZeroDuration());
  EXPECT_TRUE(WouldLook());
}

TEST_F(LookTest, WithOneProcessorThereIsNoLooking) {
  Look alone(1, [] { return now; });
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(alone.Until(kMost, [] { return true; }));
    alone.Slept();
  }
}

}  // namespace
}  // namespace am::transport
