#include "tests/fault/stepped_clock.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <time.h>

#include <chrono>

namespace am::fault {
namespace {

// A day, as seen by `now` before and after it.
template <typename Now>
void ExpectADay(Now now) {
  const auto before = now();
  StepClock(absl::Hours(24));
  const auto after = now();
  StepClock(-absl::Hours(24));
  EXPECT_NEAR(static_cast<double>(after - before), 86'400, 60);
}

TEST(SteppedClock, EveryWayToAskForTheDateIsStepped) {
  ExpectADay([] { return time(nullptr); });
  ExpectADay([] {
    timeval now = {};
    gettimeofday(&now, nullptr);
    return now.tv_sec;
  });
  ExpectADay([] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  });
}

TEST(SteppedClock, TheMonotonicClockIsNot) {
  const auto before = std::chrono::steady_clock::now();
  StepClock(absl::Hours(24));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::hours(1));
  StepClock(-absl::Hours(24));
}

}  // namespace
}  // namespace am::fault
