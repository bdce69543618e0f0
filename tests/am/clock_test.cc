#include "am/clock.h"

#include <ctime>

#include "gtest/gtest.h"

namespace am {
namespace {

absl::Time Monotonic() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::TimeFromTimespec(now);
}

TEST(SteadyClock, IsTheKernelsMonotonicClock) {
  const absl::Time before = Monotonic();
  const absl::Time now = SteadyClock().Now();
  const absl::Time after = Monotonic();

  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

}  // namespace
}  // namespace am
