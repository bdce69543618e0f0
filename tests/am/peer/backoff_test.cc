#include "am/peer/backoff.h"

#include <gtest/gtest.h>

namespace am {
namespace {

TEST(Backoff, WaitsDoubleUpToTheMaximum) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(3));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(2));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(3));
  EXPECT_EQ(backoff.Next(0), absl::Seconds(3));
}

TEST(Backoff, HalfOfAWaitIsChance) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(0.5), absl::Milliseconds(750));
}

TEST(Backoff, BeginsAnewWhenItIsReset) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(3));
  backoff.Next(0);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0), absl::Seconds(1));
}

}  // namespace
}  // namespace am
