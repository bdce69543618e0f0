#include "am/retry_policy.h"

#include <limits>

#include "gtest/gtest.h"

namespace am {
namespace {

constexpr RetryPolicy kPolicy{.max_attempts = 10,
                              .initial_backoff = absl::Milliseconds(10),
                              .max_backoff = absl::Milliseconds(55),
                              .multiplier = 2};
static_assert(kPolicy.codes.Contains(absl::StatusCode::kUnavailable));

constexpr double kAlmostOne = 1 - std::numeric_limits<double>::epsilon();

void ExpectNear(absl::Duration actual, absl::Duration expected) {
  EXPECT_LE(absl::AbsDuration(actual - expected), absl::Nanoseconds(100))
      << actual;
}

TEST(RetryPolicy, DefaultsToTheCodesThatSayNotNow) {
  constexpr StatusCodes kCodes = RetryPolicy().codes;
  EXPECT_TRUE(kCodes.Contains(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(kCodes.Contains(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(kCodes.Contains(absl::StatusCode::kOk));
  EXPECT_FALSE(kCodes.Contains(absl::StatusCode::kAborted));
  EXPECT_FALSE(kCodes.Contains(absl::StatusCode::kUnauthenticated));
}

TEST(RetryPolicy, TheFirstAttemptDoesNotWait) {
  EXPECT_EQ(BackoffBefore(kPolicy, 1, kAlmostOne), absl::ZeroDuration());
}

TEST(RetryPolicy, BackoffGrowsUpToItsLimit) {
  ExpectNear(BackoffBefore(kPolicy, 2, kAlmostOne), absl::Milliseconds(10));
  ExpectNear(BackoffBefore(kPolicy, 3, kAlmostOne), absl::Milliseconds(20));
  ExpectNear(BackoffBefore(kPolicy, 4, kAlmostOne), absl::Milliseconds(40));
  ExpectNear(BackoffBefore(kPolicy, 5, kAlmostOne), absl::Milliseconds(55));
  ExpectNear(BackoffBefore(kPolicy, 9999, kAlmostOne), absl::Milliseconds(55));
}

TEST(RetryPolicy, JitterIsFull) {
  EXPECT_EQ(BackoffBefore(kPolicy, 4, 0), absl::ZeroDuration());
  ExpectNear(BackoffBefore(kPolicy, 4, 0.5), absl::Milliseconds(20));
}

TEST(RetryPolicy, NonsenseIsNoWait) {
  RetryPolicy policy = kPolicy;
  policy.initial_backoff = -absl::Seconds(1);
  EXPECT_EQ(BackoffBefore(policy, 2, 0.5), absl::ZeroDuration());
  policy.multiplier = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(BackoffBefore(policy, 4, 0.5), absl::ZeroDuration());
}

}  // namespace
}  // namespace am
