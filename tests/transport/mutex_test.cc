#include "am/transport/mutex.h"

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace am {
namespace {

struct Baton {
  void Give() {
    MutexLock lock(mu);
    ++given;
    changed.NotifyAll();
  }

  void AwaitGiven(int count) {
    MutexLock lock(mu);
    while (given < count) changed.Wait(mu);
  }

  Mutex mu;
  CondVar changed;
  int given ABSL_GUARDED_BY(mu) = 0;
};

TEST(Mutex, HoldersExcludeEachOther) {
  Baton baton;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) baton.Give();
  });
  for (int i = 0; i < 1000; ++i) baton.Give();
  other.join();
  baton.AwaitGiven(2000);
  MutexLock lock(baton.mu);
  EXPECT_EQ(baton.given, 2000);
}

TEST(Mutex, TryLockFailsWhileAnotherHoldsIt) {
  Mutex mu;
  MutexLock lock(mu);
  std::thread([&] {
    if (mu.TryLock()) {
      mu.Unlock();
      ADD_FAILURE() << "held twice";
    }
  }).join();
}

TEST(CondVar, WakesWhoWaits) {
  Baton ping;
  Baton pong;
  std::thread other([&] {
    ping.AwaitGiven(1);
    pong.Give();
  });
  ping.Give();
  pong.AwaitGiven(1);
  other.join();
}

TEST(CondVar, WaitEndsWithItsTime) {
  Mutex mu;
  CondVar never;
  MutexLock lock(mu);
  while (never.WaitFor(mu, absl::Milliseconds(1))) {
  }
  while (never.WaitUntil(mu, std::chrono::steady_clock::now())) {
  }
  while (never.WaitFor(mu, -absl::InfiniteDuration())) {
  }
}

TEST(CondVar, AnInfiniteWaitIsNoOverflow) {
  Baton baton;
  std::thread other([&] { baton.Give(); });
  MutexLock lock(baton.mu);
  while (baton.given < 1) {
    EXPECT_TRUE(baton.changed.WaitFor(baton.mu, absl::InfiniteDuration()));
  }
  baton.mu.Unlock();
  other.join();
  baton.mu.Lock();
}

}  // namespace
}  // namespace am
