#include "am/call/retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Status kRefused = absl::ResourceExhaustedError("full");

class RetriesTest : public testing::Test {
 protected:
  static absl::Time At(int ms) {
    return absl::UnixEpoch() + absl::Milliseconds(ms);
  }

  // A call with three attempts in all, until 1000 ms.
  static Repeatable CallOf(std::uint64_t id) {
    Repeatable call;
    call.policy = {.max_attempts = 3,
                   .initial_backoff = absl::Milliseconds(10)};
    call.header.call_id = id;
    call.deadline = At(1000);
    return call;
  }

  bool Refuse(Repeatable& call, int at_ms) {
    return retries_.TryAgain(call, kRefused, AttemptEnd::kUnsent, At(at_ms));
  }

  // Begins the attempt of `call`, and of no other, that is due by then.
  void BeginNext(Repeatable& call, int at_ms) {
    EXPECT_THAT(retries_.TakeDue(At(at_ms)), ElementsAre(call.header.call_id));
    Retries::Begin(call);
  }

  Retries retries_{/*seed=*/1};
};

TEST_F(RetriesTest, ACallThatWasRefusedIsDueAfterItsBackoff) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(Refuse(call, 100));
  EXPECT_GE(retries_.NextDue(), At(100));
  EXPECT_LT(retries_.NextDue(), At(110));
  EXPECT_THAT(retries_.TakeDue(At(99)), IsEmpty());
  BeginNext(call, 110);
  EXPECT_EQ(retries_.NextDue(), absl::InfiniteFuture());
}

TEST_F(RetriesTest, AttemptsAreBounded) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(Refuse(call, 0));
  BeginNext(call, 100);
  EXPECT_TRUE(Refuse(call, 100));
  BeginNext(call, 200);
  EXPECT_FALSE(Refuse(call, 200));
}

TEST_F(RetriesTest, WhatRanIsNotTriedAgain) {
  Repeatable call = CallOf(7);
  EXPECT_FALSE(retries_.TryAgain(call, kRefused, AttemptEnd::kRan, At(0)));
}

TEST_F(RetriesTest, WhatMayRunTwiceIsTriedAgain) {
  Repeatable call = CallOf(7);
  call.header.flags = kRetryable;
  EXPECT_TRUE(retries_.TryAgain(call, kRefused, AttemptEnd::kRan, At(0)));
}

TEST_F(RetriesTest, WhatMayHaveRunIsTriedAgainSinceThePeerKnows) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(retries_.TryAgain(call, absl::UnavailableError("lost"),
                                AttemptEnd::kLost, At(0)));
}

TEST_F(RetriesTest, WhatWasRefusedEachTimeComesAsIfForTheFirstTime) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(Refuse(call, 0));
  BeginNext(call, 100);
  EXPECT_EQ(call.header.flags & MessageFlag::kRepeated, 0);
}

TEST_F(RetriesTest, WhatMayHaveRunComesAsARepetitionFromThenOn) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(retries_.TryAgain(call, absl::UnavailableError("lost"),
                                AttemptEnd::kLost, At(0)));
  BeginNext(call, 100);
  EXPECT_TRUE(Refuse(call, 100));
  BeginNext(call, 200);
  EXPECT_NE(call.header.flags & MessageFlag::kRepeated, 0);
}

TEST_F(RetriesTest, CodesOutsideThePolicyEndTheCall) {
  Repeatable call = CallOf(7);
  EXPECT_FALSE(retries_.TryAgain(call, absl::NotFoundError("no"),
                                 AttemptEnd::kUnsent, At(0)));
  EXPECT_FALSE(retries_.TryAgain(call, absl::AbortedError("too old"),
                                 AttemptEnd::kRan, At(0)));
}

TEST_F(RetriesTest, NoAttemptBeginsAfterTheDeadline) {
  Repeatable call = CallOf(7);
  call.policy.initial_backoff = absl::Hours(1);
  call.policy.max_backoff = absl::Hours(1);
  EXPECT_FALSE(Refuse(call, 999));
  EXPECT_FALSE(Refuse(call, 1001));
}

TEST_F(RetriesTest, FailureOfAnEarlierAttemptDoesNotCountWhileItWaits) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(Refuse(call, 0));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Refuse(call, 0));
  BeginNext(call, 100);
  EXPECT_EQ(call.attempts, 2);
}

TEST_F(RetriesTest, OutcomeOfAnEarlierAttemptEndsTheCallWhileItWaits) {
  Repeatable call = CallOf(7);
  EXPECT_TRUE(Refuse(call, 0));
  EXPECT_FALSE(retries_.TryAgain(call, kRefused, AttemptEnd::kRan, At(0)));
}

TEST_F(RetriesTest, ACallThatEndedIsNotDue) {
  Repeatable call = CallOf(7);
  Repeatable other = CallOf(8);
  EXPECT_TRUE(Refuse(call, 0));
  EXPECT_TRUE(Refuse(other, 0));
  retries_.Remove(call);
  retries_.Remove(call);
  BeginNext(other, 100);
}

TEST_F(RetriesTest, SameSeedGivesTheSameTimes) {
  Retries others(/*seed=*/1);
  for (std::uint64_t id = 1; id <= 20; ++id) {
    Repeatable call = CallOf(id);
    Repeatable other = CallOf(id);
    ASSERT_TRUE(Refuse(call, 0));
    ASSERT_TRUE(others.TryAgain(other, kRefused, AttemptEnd::kUnsent, At(0)));
    EXPECT_EQ(call.due, other.due);
  }
}

}  // namespace
}  // namespace am
