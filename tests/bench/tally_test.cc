#include "bench/tally.h"

#include <thread>

#include "gtest/gtest.h"

namespace am::bench {
namespace {

TEST(Tally, WhatIsThereIsNotAwaited) {
  Tally tally;
  tally.Add();
  tally.Add();
  EXPECT_EQ(tally.Await(2, absl::InfiniteDuration()), 2);
}

TEST(Tally, TheLastOneEndsTheWait) {
  Tally tally;
  std::thread adder([&] {
    for (int i = 0; i < 1000; ++i) tally.Add();
  });
  EXPECT_EQ(tally.Await(1000, absl::InfiniteDuration()), 1000);
  adder.join();
}

TEST(Tally, WhatIsMissingIsToldWhenTimeIsUp) {
  Tally tally;
  tally.Add();
  EXPECT_EQ(tally.Await(2, absl::ZeroDuration()), 1);
}

}  // namespace
}  // namespace am::bench
