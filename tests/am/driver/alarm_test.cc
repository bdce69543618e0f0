#include "am/driver/alarm.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "am/clock.h"

namespace am {
namespace {

TEST(AlarmTest, GoesOffNotBeforeItsDelay) {
  const SteadyClock clock;
  const Alarm alarm;
  const absl::Time begin = clock.Now();
  alarm.Set(absl::Milliseconds(5));
  alarm.Wait();
  EXPECT_GE(clock.Now() - begin, absl::Milliseconds(5));
}

TEST(AlarmTest, PutOffItGoesOffOnceAndLater) {
  const SteadyClock clock;
  const Alarm alarm;
  const absl::Time begin = clock.Now();
  alarm.Set(absl::Milliseconds(5));
  alarm.Set(absl::Milliseconds(20));
  alarm.Wait();
  EXPECT_GE(clock.Now() - begin, absl::Milliseconds(20));
}

TEST(AlarmTest, WakesAThreadThatWaitsAlready) {
  const Alarm alarm;
  alarm.Set(absl::Hours(1));
  std::atomic<bool> woken = false;
  std::thread sleeper([&] {
    alarm.Wait();
    woken = true;
  });
  EXPECT_FALSE(woken);
  alarm.Set(absl::ZeroDuration());
  sleeper.join();
  EXPECT_TRUE(woken);
}

TEST(AlarmTest, WithoutDescriptorsItsWaitsAreShort) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Alarm alarm;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  alarm.Set(absl::Hours(1));
  alarm.Wait();
}

}  // namespace
}  // namespace am
