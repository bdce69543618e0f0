#include "am/transport/lane_notices.h"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "am/transport/mutex.h"
#include "gtest/gtest.h"

namespace am::transport {
namespace {

class Diary final : public LaneObserver {
 public:
  std::vector<std::string> entries;
  std::function<void()> meanwhile = [] {};

 private:
  void OnWritable() override {
    entries.push_back("writable");
    meanwhile();
  }
  void OnLost(absl::string_view why) override {
    entries.push_back("lost: " + std::string(why));
    meanwhile();
  }
};

using Entries = std::vector<std::string>;

TEST(LaneNotices, CallsOnlyFromDeliver) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  EXPECT_FALSE(notices.Pending());
  notices.OweWritable(recipient);
  EXPECT_TRUE(notices.Pending());
  EXPECT_TRUE(diary.entries.empty());
  notices.Deliver();
  EXPECT_FALSE(notices.Pending());
  EXPECT_EQ(diary.entries, Entries{"writable"});
}

TEST(LaneNotices, SeveralBecomeOne) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  notices.OweWritable(recipient);
  notices.OweWritable(recipient);
  notices.Deliver();
  notices.Deliver();
  EXPECT_EQ(diary.entries, Entries{"writable"});
}

TEST(LaneNotices, LostComesOnceAndLast) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  notices.OweWritable(recipient);
  notices.OweLost(recipient, "first cause");
  notices.OweLost(recipient, "second cause");
  notices.OweWritable(recipient);
  notices.Deliver();
  notices.OweWritable(recipient);
  notices.OweLost(recipient, "third cause");
  notices.Deliver();
  EXPECT_EQ(diary.entries, Entries{"lost: first cause"});
}

TEST(LaneNotices, WhatACallCausesWaitsForTheNextDeliver) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  diary.meanwhile = [&] { notices.OweWritable(recipient); };
  notices.OweWritable(recipient);
  notices.Deliver();
  EXPECT_EQ(diary.entries.size(), 1u);
  notices.Deliver();
  EXPECT_EQ(diary.entries.size(), 2u);
}

TEST(LaneNotices, RemovedIsNotCalled) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  notices.OweWritable(recipient);
  notices.Remove(*recipient);
  notices.OweLost(recipient, "too late");
  notices.Deliver();
  EXPECT_TRUE(diary.entries.empty());
}

TEST(LaneNotices, MayBeRemovedFromItsOwnCall) {
  LaneNotices notices;
  Diary diary;
  const auto recipient = notices.Add(diary);
  diary.meanwhile = [&] { notices.Remove(*recipient); };
  notices.OweWritable(recipient);
  notices.Deliver();
  notices.OweWritable(recipient);
  notices.Deliver();
  EXPECT_EQ(diary.entries, Entries{"writable"});
}

TEST(LaneNotices, RemoveWaitsForACallThatRuns) {
  LaneNotices notices;
  Diary diary;
  Mutex mutex;
  CondVar changed;
  bool running = false;
  bool finished = false;
  const auto recipient = notices.Add(diary);
  diary.meanwhile = [&] {
    {
      MutexLock lock(mutex);
      running = true;
      changed.NotifyAll();
    }
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    finished = true;  // unguarded: the end of Remove has to order it
  };
  notices.OweWritable(recipient);
  std::thread deliverer([&] { notices.Deliver(); });
  {
    MutexLock lock(mutex);
    while (!running) changed.Wait(mutex);
  }
  notices.Remove(*recipient);
  EXPECT_TRUE(finished);
  deliverer.join();
}

}  // namespace
}  // namespace am::transport
