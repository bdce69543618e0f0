#include "am/control/registration.h"

#include <gtest/gtest.h>

namespace am::control {
namespace {

using Step = Registration::Step;

constexpr absl::Duration kTtl = absl::Seconds(9);
constexpr absl::Duration kWait = absl::Seconds(1);  // the longest

class RegistrationTest : public testing::Test {
 protected:
  Step Next() { return registration_.Next(now_); }

  // Registers and lets a third of the lease pass.
  void RegisterAndWait() {
    ASSERT_EQ(Next(), Step::kRegister);
    registration_.OnRegistered(5, kTtl, now_);
    now_ += kTtl / 3;
  }

  absl::Time now_ = absl::UnixEpoch();
  Registration registration_{Backoff(absl::Milliseconds(100), kWait),
                             /*seed=*/1};
};

TEST_F(RegistrationTest, RegistersAtOnceAndOnce) {
  EXPECT_EQ(Next(), Step::kRegister);
  EXPECT_EQ(Next(), Step::kNothing);
  EXPECT_EQ(registration_.due(), absl::InfiniteFuture());
}

TEST_F(RegistrationTest, KeepsAliveAtAThirdOfTheLease) {
  ASSERT_EQ(Next(), Step::kRegister);
  registration_.OnRegistered(5, kTtl, now_);
  EXPECT_EQ(Next(), Step::kNothing);
  EXPECT_EQ(registration_.due(), now_ + kTtl / 3);
  now_ += kTtl / 3;
  EXPECT_EQ(Next(), Step::kKeepAlive);
  registration_.OnKeptAlive(kTtl, now_);
  EXPECT_EQ(Next(), Step::kNothing);
  now_ += kTtl / 3;
  EXPECT_EQ(Next(), Step::kKeepAlive);
}

TEST_F(RegistrationTest, NoAnswerIsAConnectionThatIsNoneAnyMore) {
  RegisterAndWait();
  ASSERT_EQ(Next(), Step::kKeepAlive);
  now_ += kTtl / 3;
  EXPECT_EQ(Next(), Step::kReconnect);
  EXPECT_EQ(Next(), Step::kRegister);
}

TEST_F(RegistrationTest, LeaseThatHasEndedIsTakenAgainWithItsEpoch) {
  RegisterAndWait();
  ASSERT_EQ(Next(), Step::kKeepAlive);
  registration_.OnKeptAlive(absl::ZeroDuration(), now_);
  EXPECT_EQ(registration_.epoch(), 5);
  EXPECT_EQ(Next(), Step::kRegister);
}

TEST_F(RegistrationTest, RefusalIsTriedAgainAfterAWaitThatGrows) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(Next(), Step::kRegister);
    registration_.OnRefused(absl::UnavailableError("down"), now_);
    EXPECT_EQ(Next(), Step::kNothing);
    EXPECT_LE(registration_.due(), now_ + kWait);
    now_ = registration_.due();
  }
  ASSERT_EQ(Next(), Step::kRegister);
  registration_.OnRefused(absl::UnavailableError("down"), now_);
  EXPECT_GE(registration_.due(), now_ + kWait / 2);
}

TEST_F(RegistrationTest, SupersededInstanceDoesNotComeBack) {
  ASSERT_EQ(Next(), Step::kRegister);
  registration_.OnRefused(absl::FailedPreconditionError("superseded"), now_);
  now_ += absl::Hours(1);
  EXPECT_EQ(Next(), Step::kNothing);
  EXPECT_EQ(registration_.due(), absl::InfiniteFuture());
}

TEST_F(RegistrationTest, ChangedRecordIsRegisteredAgainAtOnce) {
  RegisterAndWait();
  registration_.OnRecordChanged(now_);
  EXPECT_EQ(Next(), Step::kRegister);
}

TEST_F(RegistrationTest, ChangeWhileRegisteringIsNotMissed) {
  ASSERT_EQ(Next(), Step::kRegister);
  registration_.OnRecordChanged(now_);
  EXPECT_EQ(Next(), Step::kNothing);
  registration_.OnRegistered(5, kTtl, now_);
  EXPECT_EQ(Next(), Step::kRegister);
}

TEST_F(RegistrationTest, LostStreamIsSoonMadeUpFor) {
  RegisterAndWait();
  registration_.OnStreamLost(now_);
  EXPECT_EQ(Next(), Step::kNothing);
  EXPECT_LE(registration_.due(), now_ + absl::Milliseconds(100));
}

}  // namespace
}  // namespace am::control
