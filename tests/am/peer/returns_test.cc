#include "am/peer/returns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr InstanceId kPeer{7};

class ReturnsTest : public testing::Test {
 protected:
  void Begin() {
    returns_.Begin(kPeer, transport::Address::InProcess("peer"), now_);
  }

  // Fails, and returns how long the next try is away.
  absl::Duration Fail() {
    EXPECT_TRUE(returns_.OnFailed(kPeer, now_));
    return returns_.NextDue() - now_;
  }

  const LinkOptions options_;
  absl::Time now_ = absl::UnixEpoch();
  Returns returns_{options_, /*seed=*/1};
};

TEST_F(ReturnsTest, NothingIsDueBeforeTheFirstTryHasFailed) {
  Begin();
  EXPECT_EQ(returns_.NextDue(), absl::InfiniteFuture());
}

TEST_F(ReturnsTest, WaitsDoubleUpToTheirMaximumLessARandomHalf) {
  Begin();
  absl::Duration wait = options_.reconnect_min;
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Fail(), AllOf(Ge(wait / 2), Le(wait)));
    wait = std::min(2 * wait, options_.reconnect_max);
  }
}

TEST_F(ReturnsTest, ATryIsMadeOnce) {
  Begin();
  now_ += Fail();
  EXPECT_THAT(returns_.TakeDue(now_), SizeIs(1));
  EXPECT_THAT(returns_.TakeDue(now_), IsEmpty());
}

TEST_F(ReturnsTest, APeerThatIsBackIsNotTried) {
  Begin();
  now_ += Fail();
  returns_.End(kPeer);
  EXPECT_THAT(returns_.TakeDue(now_), IsEmpty());
}

TEST_F(ReturnsTest, APeerIsGivenUpInTime) {
  Begin();
  now_ += options_.reconnect_for;
  EXPECT_FALSE(returns_.OnFailed(kPeer, now_));
  EXPECT_EQ(returns_.NextDue(), absl::InfiniteFuture());
}

TEST_F(ReturnsTest, AFailureOfWhoWasNeverConnectedMeansNothing) {
  EXPECT_FALSE(returns_.OnFailed(kPeer, now_));
}

}  // namespace
}  // namespace am
