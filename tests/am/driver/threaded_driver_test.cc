#include "am/driver/threaded_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "am/future.h"
#include "am/transport/in_process_transport.h"
#include "tests/am/latch.h"

namespace am {
namespace {

using ::testing::ElementsAre;

// Asks the driver, as a call table does.
class Owner final : public CallOwner {
 public:
  explicit Owner(Driver& driver) : driver_(driver) {}
  void Cancel(PendingCall&) override {}
  void Wait(PendingCall& call) override { driver_.Wait(call); }
  void Resume(Continuation work) override { driver_.RunQuick(std::move(work)); }

 private:
  Driver& driver_;
};

class NoLaneEvents final : public transport::LaneObserver {
  void OnWritable() override {}
  void OnLost(absl::string_view) override {}
};

// A driver whose sink does with each frame what the test says.
class ThreadedDriverTest : public testing::Test, protected FrameSink {
 protected:
  ThreadedDriverTest() {
    const auto at = transport_->Listen(transport::Address::InProcess("driver"));
    lane_ = *transport_->Open(*at, no_events_);
    driver_.Start(*this);
  }
  ~ThreadedDriverTest() override { driver_.Stop(); }

  void SendFrame(const std::string& text) {
    ASSERT_EQ(lane_->TrySend({text, {}}), transport::SendResult::kSent);
  }

  std::shared_ptr<PendingCall> MakeCall() {
    return std::make_shared<PendingCall>(owner_);
  }

  void OnFrame(transport::InboundFrame frame, absl::Time) override {
    ASSERT_EQ(inside_.fetch_add(1), 0) << "two threads hold the role";
    on_frame_(std::string(frame.head.view()));
    inside_.fetch_sub(1);
  }
  absl::Time OnTick(absl::Time now) override { return on_tick_(now); }

  std::atomic<int> inside_ = 0;
  std::function<void(const std::string&)> on_frame_ = [](const auto&) {};
  std::function<absl::Time(absl::Time)> on_tick_ = [](absl::Time) {
    return absl::InfiniteFuture();
  };
  SteadyClock clock_;
  NoLaneEvents no_events_;
  transport::InProcessNetwork network_;
  std::unique_ptr<transport::Transport> transport_ = network_.MakeTransport();
  ThreadedDriver driver_{*transport_, clock_, {}};
  std::shared_ptr<Owner> owner_ = std::make_shared<Owner>(driver_);
  std::unique_ptr<transport::Lane> lane_;
};

TEST_F(ThreadedDriverTest, QuickWorkOfABurstRunsOnTheReceivingThread) {
  Latch done;
  std::thread::id receiver, runner;
  on_frame_ = [&](const std::string&) {
    receiver = std::this_thread::get_id();
    driver_.RunQuick([&] {
      runner = std::this_thread::get_id();
      done.CountDown();
    });
  };
  SendFrame("a");
  done.Wait();
  EXPECT_EQ(receiver, runner);
}

TEST_F(ThreadedDriverTest, TimeIsReadOnceInABurst) {
  Latch done;
  absl::Time first, second;
  on_frame_ = [&](const std::string&) {
    first = driver_.RecentTime();
    driver_.RunQuick([&] {
      second = driver_.RecentTime();
      done.CountDown();
    });
  };
  SendFrame("a");
  done.Wait();
  EXPECT_EQ(first, second);
  EXPECT_GE(driver_.RecentTime(), first);
}

TEST_F(ThreadedDriverTest, AfterAStallTimeIsReadAnew) {
  Latch stalled, taken_over, done;
  absl::Time before, after;
  on_frame_ = [&](const std::string& text) {
    if (text == "next") return taken_over.CountDown();
    driver_.RunQuick([&] {
      before = driver_.RecentTime();
      stalled.CountDown();
      taken_over.Wait();
      after = driver_.RecentTime();
      done.CountDown();
    });
  };
  SendFrame("stall");
  stalled.Wait();
  SendFrame("next");
  done.Wait();
  EXPECT_GT(after, before);
}

TEST_F(ThreadedDriverTest, StalledQuickWorkLosesTheRole) {
  Latch release, second;
  on_frame_ = [&](const std::string& text) {
    if (text == "stall") driver_.RunQuick([&] { release.Wait(); });
    if (text == "next") second.CountDown();
  };
  SendFrame("stall");
  SendFrame("next");
  second.Wait();  // Received while the first one still stalls.
  SendFrame("next");
  release.CountDown();
  driver_.Stop();  // Before the latches go.
}

TEST_F(ThreadedDriverTest, TheRestOfAStalledBurstRunsElsewhere) {
  Latch release, rest;
  on_frame_ = [&](const std::string&) {
    driver_.RunQuick([&] { release.Wait(); });
    driver_.RunQuick([&] { rest.CountDown(); });
  };
  SendFrame("a");
  rest.Wait();
  EXPECT_EQ(driver_.takeovers(), 1u);
  release.CountDown();
  driver_.Stop();  // Before the latches go.
}

class CountedFlush final : public Flushable {
 public:
  void Flush() override { flushed.CountDown(); }
  Latch flushed;
};

TEST_F(ThreadedDriverTest, OutputOfAStalledBurstIsFlushed) {
  Latch release;
  const auto output = std::make_shared<CountedFlush>();
  on_frame_ = [&](const std::string&) {
    EXPECT_TRUE(driver_.DeferFlush(output));
    driver_.RunQuick([&] { release.Wait(); });
  };
  SendFrame("a");
  output->flushed.Wait();
  release.CountDown();
  driver_.Stop();  // Before the latches go.
}

TEST_F(ThreadedDriverTest, OutsideABurstNothingIsDeferred) {
  EXPECT_FALSE(driver_.DeferFlush(std::make_shared<CountedFlush>()));
}

TEST_F(ThreadedDriverTest, AWaitingThreadIsWoken) {
  const auto call = MakeCall();
  on_frame_ = [&](const std::string&) { call->Complete({}); };
  SendFrame("reply");
  call->Wait();
  EXPECT_TRUE(call->done());
}

TEST_F(ThreadedDriverTest, WaitsInARowReceiveForThemselves) {
  std::shared_ptr<PendingCall> call;
  std::atomic<int> own = 0;
  const std::thread::id self = std::this_thread::get_id();
  on_frame_ = [&](const std::string&) {
    if (std::this_thread::get_id() == self) ++own;
    call->Complete({});
  };
  for (int i = 0; i < 1000; ++i) {
    call = MakeCall();
    SendFrame("reply");
    call->Wait();
  }
  EXPECT_GT(own.load(), 0);
}

TEST_F(ThreadedDriverTest, WaitingInQuickWorkHandsTheRoleOver) {
  const auto call = MakeCall();
  Latch begun, waited;
  on_frame_ = [&](const std::string& text) {
    if (text == "reply") return call->Complete({});
    driver_.RunQuick([&] {
      begun.CountDown();
      call->Wait();
      waited.CountDown();
    });
  };
  SendFrame("wait");
  begun.Wait();
  SendFrame("reply");
  waited.Wait();
  driver_.Stop();
  EXPECT_GE(driver_.takeovers(), 1u);
}

TEST_F(ThreadedDriverTest, QuickWorkForACallerThatReceivesGoesToThePool) {
  const std::thread::id self = std::this_thread::get_id();
  std::shared_ptr<PendingCall> call;
  std::atomic<int> on_caller = 0;
  on_frame_ = [&](const std::string&) {
    driver_.RunQuick([&] {
      if (std::this_thread::get_id() == self) ++on_caller;
    });
    call->Complete({});
  };
  for (int i = 0; i < 1000; ++i) {
    call = MakeCall();
    SendFrame("reply");
    call->Wait();
  }
  EXPECT_EQ(on_caller.load(), 0);
  driver_.Stop();  // What the pool still runs needs what goes now.
}

// Ten times slower than the machine's.
class SlowClock final : public Clock {
 public:
  absl::Time Now() const override {
    return begin_ + (clock_.Now() - begin_) / 10;
  }

 private:
  const SteadyClock clock_;
  const absl::Time begin_ = clock_.Now();
};

TEST_F(ThreadedDriverTest, TheRoleReturnsAlsoByASlowClock) {
  const SlowClock slow;
  const auto transport = network_.MakeTransport();
  const auto at = transport->Listen(transport::Address::InProcess("slow"));
  const auto lane = *transport_->Open(*at, no_events_);
  ThreadedDriver driver(*transport, slow, {});
  const auto owner = std::make_shared<Owner>(driver);
  std::shared_ptr<PendingCall> call;
  Latch heard;
  on_frame_ = [&](const std::string& text) {
    if (text == "reply") return call->Complete({});
    heard.CountDown();
  };
  driver.Start(*this);
  for (int i = 0; i < 200; ++i) {
    call = std::make_shared<PendingCall>(owner);
    ASSERT_EQ(lane->TrySend({"reply", {}}), transport::SendResult::kSent);
    call->Wait();
  }
  ASSERT_EQ(lane->TrySend({"unasked", {}}), transport::SendResult::kSent);
  heard.Wait();
  driver.Stop();
}

TEST_F(ThreadedDriverTest, QuickWorkThatHasNotBegunIsRunByStop) {
  Latch begun, release;
  std::atomic<int> ran = 0;
  on_frame_ = [&](const std::string&) {
    driver_.RunQuick([&] {
      begun.CountDown();
      release.Wait();
      ++ran;
    });
    for (int i = 0; i < 10; ++i) driver_.RunQuick([&] { ++ran; });
  };
  SendFrame("a");
  begun.Wait();
  std::thread stop([this] { driver_.Stop(); });
  release.CountDown();
  stop.join();
  EXPECT_EQ(ran.load(), 11);
}

TEST_F(ThreadedDriverTest, WorkForAStoppedDriverRunsOnTheThreadThatBringsIt) {
  driver_.Stop();
  std::vector<std::thread::id> runners;
  const auto note = [&] { runners.push_back(std::this_thread::get_id()); };
  driver_.RunQuick(note);
  driver_.RunOnPool(note);
  EXPECT_THAT(runners, ElementsAre(std::this_thread::get_id(),
                                   std::this_thread::get_id()));
}

TEST_F(ThreadedDriverTest, ManyThreadsWaitAtOnce) {
  constexpr int kThreads = 8, kRounds = 200;
  std::vector<std::atomic<PendingCall*>> calls(kThreads);
  on_frame_ = [&](const std::string& text) {
    calls[static_cast<std::size_t>(text[0])].load()->Complete({});
  };
  Mutex lane_mutex;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        const auto call = MakeCall();
        calls[i] = call.get();
        {
          MutexLock lock(lane_mutex);
          while (lane_->TrySend({std::string(1, static_cast<char>(i)), {}}) !=
                 transport::SendResult::kSent) {
          }
        }
        call->Wait();
      }
    });
  }
}

TEST_F(ThreadedDriverTest, TicksWhenAskedTo) {
  Latch ticked;
  on_tick_ = [&](absl::Time) {
    ticked.CountDown();
    return absl::InfiniteFuture();
  };
  driver_.WakeAt(clock_.Now());
  ticked.Wait();
}

TEST_F(ThreadedDriverTest, WaitUntilLooksAfterEachNotify) {
  std::atomic<bool> condition = false;
  on_frame_ = [&](const std::string&) {
    condition = true;
    driver_.Notify();
  };
  SendFrame("a");
  EXPECT_TRUE(driver_.WaitUntil([&] { return condition.load(); },
                                clock_.Now() + absl::Seconds(60)));
}

TEST_F(ThreadedDriverTest, WaitUntilEndsAtItsDeadline) {
  EXPECT_FALSE(driver_.WaitUntil([] { return false; }, clock_.Now()));
}

}  // namespace
}  // namespace am
