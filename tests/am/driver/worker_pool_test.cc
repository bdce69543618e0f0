#include "am/driver/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "tests/am/latch.h"

namespace am {
namespace {

// The time is what the test says it is.
class HandClock final : public Clock {
 public:
  absl::Time Now() const override { return now_.load(); }
  void Advance(absl::Duration by) { now_ = now_.load() + by; }

 private:
  std::atomic<absl::Time> now_ = absl::UnixEpoch();
};

class WorkerPoolTest : public testing::Test {
 protected:
  HandClock clock_;
  WorkerPool pool_{clock_, 1, 3};
};

TEST_F(WorkerPoolTest, RunsWorkInOrder) {
  std::vector<int> order;
  Latch done(3);
  for (int i = 0; i < 3; ++i) {
    pool_.Post([&, i] {
      order.push_back(i);
      done.CountDown();
    });
  }
  done.Wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(pool_.threads(), 1);
}

TEST_F(WorkerPoolTest, GrowsWhenWorkWaitsAndNotBefore) {
  Latch release, ran;
  pool_.Post([&] { release.Wait(); });
  pool_.Post([&] { ran.CountDown(); });
  EXPECT_TRUE(pool_.GrowIfStarved(clock_.Now() - absl::Milliseconds(1)));
  EXPECT_EQ(pool_.threads(), 1);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(pool_.GrowIfStarved(clock_.Now() - absl::Milliseconds(1)));
  ran.Wait();
  EXPECT_EQ(pool_.threads(), 2);
  release.CountDown();
  pool_.Stop();  // Before the latches go.
}

TEST_F(WorkerPoolTest, NeverGrowsAboveItsLimit) {
  Latch release;
  for (int i = 0; i < 10; ++i) pool_.Post([&] { release.Wait(); });
  for (int i = 0; i < 10; ++i) pool_.GrowIfStarved(clock_.Now());
  EXPECT_EQ(pool_.threads(), 3);
  release.CountDown();
  pool_.Stop();  // Before the latches go.
}

TEST_F(WorkerPoolTest, UrgentWorkRunsBeyondTheLimit) {
  Latch release, ran;
  for (int i = 0; i < 3; ++i) pool_.Post([&] { release.Wait(); });
  while (pool_.GrowIfStarved(clock_.Now()) && pool_.threads() < 3) {
  }
  pool_.PostNow([&] { ran.CountDown(); });
  ran.Wait();
  release.CountDown();
  pool_.Stop();  // Before the latches go.
}

TEST_F(WorkerPoolTest, StopReturnsWorkThatHasNotBegun) {
  Latch begun;
  std::atomic<bool> stopping = false;
  std::atomic<int> ran = 0;
  pool_.Post([&] {
    begun.CountDown();
    while (!stopping) std::this_thread::yield();
  });
  pool_.Post([&] { ++ran; });
  begun.Wait();
  std::thread release([&] {
    // Stop has emptied the queue once nothing waits any more.
    while (pool_.GrowIfStarved(absl::InfinitePast())) {
      std::this_thread::yield();
    }
    stopping = true;
  });
  std::vector<WorkerPool::Work> unrun = pool_.Stop();
  release.join();
  EXPECT_EQ(ran.load(), 0);
  ASSERT_EQ(unrun.size(), 1u);
  std::move(unrun[0])();
  EXPECT_EQ(ran.load(), 1);
}

TEST_F(WorkerPoolTest, WorkForAStoppedPoolStaysWithWhoBringsIt) {
  pool_.Stop();
  int ran = 0;
  WorkerPool::Work work = [&] { ++ran; };
  EXPECT_EQ(pool_.Post(std::move(work)), WorkerPool::Posted::kStopped);
  std::move(work)();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace am
