#include "am/driver/late_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace am {
namespace {

using ::testing::ElementsAre;

TEST(LateWork, RunsBeforeRunLateReturns) {
  bool ran = false;
  RunLate([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(LateWork, WorkBroughtByWorkRunsAfterItInOrder) {
  std::vector<int> order;
  RunLate([&] {
    RunLate([&] {
      RunLate([&] { order.push_back(4); });
      order.push_back(2);
    });
    RunLate([&] { order.push_back(3); });
    order.push_back(1);
  });
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

TEST(LateWork, AnEndlessChainEnds) {
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    RunLate([&] { again(); });
  };
  RunLate([&] { again(); });
  EXPECT_EQ(runs, kLongestLateChain);
  RunLate([&] { runs = 0; });
  EXPECT_EQ(runs, 0);
}

// As a coroutine's frame would, which makes a call as it is destroyed.
TEST(LateWork, WhatIsBroughtByWorkThatIsDroppedIsDroppedToo) {
  struct Brings {
    bool* ran;
    ~Brings() {
      RunLate([ran = ran] { *ran = true; });
    }
  };
  bool ran = false;
  int left = kLongestLateChain;
  std::function<void()> again = [&] {
    if (--left > 0) return RunLate([&] { again(); });
    RunLate([brings = std::make_unique<Brings>(&ran)] {});
  };
  RunLate([&] { again(); });
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace am
