#include "tests/transport/transport_conformance.h"

#include <atomic>
#include <deque>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "am/transport/deadline.h"
#include "am/transport/mutex.h"

namespace am::transport {
namespace {

std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 131 % 251);
  }
  return bytes;
}

int NumberOf(const InboundFrame& frame) {
  int number = -1;
  EXPECT_TRUE(absl::SimpleAtoi(frame.head.view(), &number));
  return number;
}

}  // namespace

TEST_P(TransportConformance, FrameArrivesWhole) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  EXPECT_EQ(lane.TrySend("head", {Buffer(std::string("one")),
                                  Buffer(std::string("two"))}),
            SendResult::kSent);
  const InboundFrame frame = bob.Next();
  EXPECT_EQ(frame.head.view(), "head");
  ASSERT_EQ(frame.parts.size(), 2u);
  EXPECT_EQ(frame.parts[0].view(), "one");
  EXPECT_EQ(frame.parts[1].view(), "two");
}

TEST_P(TransportConformance, EmptyHeadAndPartsAreFramesToo) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  lane.TrySend("", {Buffer(), Buffer(std::string())});
  lane.TrySend("");
  const InboundFrame with_parts = bob.Next();
  EXPECT_TRUE(with_parts.head.empty());
  ASSERT_EQ(with_parts.parts.size(), 2u);
  EXPECT_TRUE(with_parts.parts[1].empty());
  EXPECT_TRUE(bob.Next().parts.empty());
}

TEST_P(TransportConformance, PartsOfAnySizeArriveUnchanged) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  for (std::size_t size : std::initializer_list<std::size_t>{
           1, 33, 34, 1023, 1024, 8191, 8192, 8193, 300000}) {
    lane.TrySend(Pattern(size), {Buffer(Pattern(size))});
    const InboundFrame frame = bob.Next();
    EXPECT_TRUE(frame.head.view() == Pattern(size)) << size;
    ASSERT_EQ(frame.parts.size(), 1u);
    EXPECT_TRUE(frame.parts[0].view() == Pattern(size)) << size;
  }
}

TEST_P(TransportConformance, SentPartsAreLetGo) {
  auto owner = std::make_shared<const std::string>(Pattern(100000));
  const std::weak_ptr<const std::string> watch = owner;
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  {
    const absl::string_view view(*owner);
    lane.TrySend("head", {Buffer(view, std::move(owner))});
  }
  bob.Next();
  alice.Await([&] { return watch.expired(); });
}

TEST_P(TransportConformance, BuffersOutliveTheTransport) {
  std::vector<InboundFrame> kept;
  {
    Station bob = MakeStation();
    Station alice = MakeStation();
    WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
    for (std::size_t size :
         std::initializer_list<std::size_t>{10, 3000, 100000}) {
      lane.TrySend(Pattern(size));
      kept.push_back(bob.Next());
    }
  }
  EXPECT_TRUE(kept[0].head.view() == Pattern(10));
  EXPECT_TRUE(kept[1].head.view() == Pattern(3000));
  EXPECT_TRUE(kept[2].head.view() == Pattern(100000));
}

TEST_P(TransportConformance, FramesArriveInOrder) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  for (int first = 0; first < 2000; first += 100) {
    for (int i = first; i < first + 100; ++i) {
      ASSERT_EQ(lane.TrySend(absl::StrCat(i)), SendResult::kSent);
    }
    for (int i = first; i < first + 100; ++i) {
      ASSERT_EQ(NumberOf(bob.Next()), i);
    }
  }
}

TEST_P(TransportConformance, BurstHasTheLimitAskedFor) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  for (int i = 0; i < 5; ++i) lane.TrySend(absl::StrCat(i));
  std::vector<InboundFrame> burst;
  while (burst.size() < 5) {
    const std::size_t before = burst.size();
    const std::size_t taken = bob.transport().inbox().Receive(kBound, 2, burst);
    ASSERT_GE(taken, 1u);
    ASSERT_LE(taken, 2u);
    ASSERT_EQ(burst.size(), before + taken);
  }
  int next = 0;
  for (const InboundFrame& frame : burst) EXPECT_EQ(NumberOf(frame), next++);
}

TEST_P(TransportConformance, FullLaneRefusesAndLaterCalls) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  const int sent = Fill(lane);
  EXPECT_GT(sent, 0);
  for (int i = 0; i < sent; ++i) ASSERT_EQ(NumberOf(bob.Next()), i);
  alice.Await([&] { return lane.writable_calls() > 0; });
  EXPECT_EQ(lane.TrySend("again"), SendResult::kSent);
  EXPECT_EQ(bob.NextHead(), "again");
}

TEST_P(TransportConformance, RefusedFramesLeaveNoGapAndNoDouble) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  int received = 0;
  for (int sent = 0, round = 0; round < 5; ++round) {
    const int seen = lane.writable_calls();
    sent += Fill(lane, sent);
    while (received < sent) ASSERT_EQ(NumberOf(bob.Next()), received++);
    alice.Await([&] { return lane.writable_calls() > seen; });
  }
}

TEST_P(TransportConformance, LaneMaySendFromItsOwnCall) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  std::atomic<bool> resumed = false;
  WatchedLane lane(alice.transport(), bob.Listen(world_->FreshAddress()),
                   [&](WatchedLane& self) {
                     resumed = self.TrySend("resumed") == SendResult::kSent;
                   });
  const int sent = Fill(lane);
  for (int i = 0; i < sent; ++i) bob.Next();
  alice.Await([&] { return resumed.load(); });
  EXPECT_EQ(bob.NextHead(), "resumed");
}

TEST_P(TransportConformance, FrameAboveTheLimitIsTooLarge) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  EXPECT_EQ(alice.transport().max_frame_bytes(), kFrameLimit);
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  const std::vector<Buffer> parts = {Buffer(Pattern(kFrameLimit - 4))};
  EXPECT_EQ(lane.TrySend("heads", parts), SendResult::kTooLarge);
  EXPECT_EQ(lane.TrySend(Pattern(kFrameLimit + 1)), SendResult::kTooLarge);
  EXPECT_EQ(lane.TrySend("head", parts), SendResult::kSent);
  EXPECT_EQ(lane.TrySend(Pattern(kFrameLimit)), SendResult::kSent);
  EXPECT_EQ(bob.NextHead(), "head");
  EXPECT_EQ(bob.Next().head.size(), kFrameLimit);
}

TEST_P(TransportConformance, LaneToNobodyIsLost) {
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(world_->DesertedAddress());
  alice.Await([&] { return lane.lost(); });
  EXPECT_EQ(lane.TrySend("late"), SendResult::kClosed);
}

TEST_P(TransportConformance, LaneIsLostWithItsPeer) {
  auto bob = std::make_unique<Station>(MakeStation());
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob->Listen(world_->FreshAddress()));
  lane.TrySend("hello");
  EXPECT_EQ(bob->NextHead(), "hello");
  bob.reset();
  alice.Await([&] { return lane.lost(); });
  EXPECT_EQ(lane.TrySend("late"), SendResult::kClosed);
}

TEST_P(TransportConformance, LostLaneStaysLostAndAFreshOneWorks) {
  const Address address = world_->FreshAddress();
  auto bob = std::make_unique<Station>(MakeStation());
  Station alice = MakeStation();
  const Address bound = bob->Listen(address);
  WatchedLane lost = alice.Open(bound);
  lost.TrySend("hello");
  bob->Next();
  bob.reset();
  alice.Await([&] { return lost.lost(); });

  Station successor = MakeStation();
  EXPECT_EQ(successor.Listen(bound), bound);
  WatchedLane fresh = alice.Open(bound);
  EXPECT_EQ(fresh.TrySend("fresh"), SendResult::kSent);
  EXPECT_EQ(successor.NextHead(), "fresh");
  EXPECT_EQ(lost.TrySend("late"), SendResult::kClosed);
}

TEST_P(TransportConformance, ClosingSendsWhatWasTaken) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(lane.TrySend(absl::StrCat(i), {Buffer(Pattern(10000))}),
              SendResult::kSent);
  }
  lane.Close();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(NumberOf(bob.Next()), i);
}

TEST_P(TransportConformance, DestroyedLaneIsNotCalled) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  const Address address = bob.Listen(world_->FreshAddress());
  WatchedLane full = alice.Open(address);
  WatchedLane other = alice.Open(address);
  const int sent = Fill(full);
  full.Close();
  const int calls = full.writable_calls();
  for (int i = 0; i < sent; ++i) bob.Next();
  const int more = Fill(other);
  for (int i = 0; i < more; ++i) bob.Next();
  alice.Await([&] { return other.writable_calls() > 0; });
  EXPECT_EQ(full.writable_calls(), calls);
}

TEST_P(TransportConformance, LaneMayBeDestroyedFromItsOwnCall) {
  Station alice = MakeStation();
  std::atomic<bool> destroyed = false;
  WatchedLane lane(alice.transport(), world_->DesertedAddress(),
                   [&](WatchedLane& self) {
                     self.Close();
                     destroyed = true;
                   });
  alice.Await([&] { return destroyed.load(); });
}

TEST_P(TransportConformance, LanesMayBeDestroyedWhileTheyAreLost) {
  for (int round = 0; round < 20; ++round) {
    auto bob = std::make_unique<Station>(MakeStation());
    Station alice = MakeStation();
    const Address address = bob->Listen(world_->FreshAddress());
    std::deque<WatchedLane> lanes;
    for (int i = 0; i < 4; ++i) lanes.emplace_back(alice.transport(), address);
    std::thread destroyer([&] { bob.reset(); });
    std::vector<InboundFrame> burst;
    alice.transport().inbox().Receive(absl::ZeroDuration(), 1, burst);
    lanes.clear();
    destroyer.join();
  }
}

TEST_P(TransportConformance, ManyLanesEndInOneInboxEachInOrder) {
  constexpr std::size_t kLanes = 16;
  Station bob = MakeStation();
  Station alice = MakeStation();
  const Address address = bob.Listen(world_->FreshAddress());
  std::deque<WatchedLane> lanes;
  for (std::size_t i = 0; i < kLanes; ++i) {
    lanes.emplace_back(alice.transport(), address);
  }
  for (int n = 0; n < 50; ++n) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      lanes[i].TrySend(absl::StrCat(n), {Buffer(absl::StrCat(i))});
    }
  }
  std::vector<int> next(kLanes, 0);
  for (std::size_t i = 0; i < 50 * kLanes; ++i) {
    const InboundFrame frame = bob.Next();
    ASSERT_EQ(frame.parts.size(), 1u);
    std::size_t lane = 0;
    ASSERT_TRUE(absl::SimpleAtoi(frame.parts[0].view(), &lane));
    ASSERT_EQ(NumberOf(frame), next[lane]++) << "on lane " << lane;
  }
}

TEST_P(TransportConformance, OneInboxServesSeveralAddresses) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  const Address first = bob.Listen(world_->FreshAddress());
  const Address second = bob.Listen(world_->FreshAddress());
  EXPECT_NE(first, second);
  WatchedLane to_first = alice.Open(first);
  to_first.TrySend("first");
  EXPECT_EQ(bob.NextHead(), "first");
  WatchedLane to_second = alice.Open(second);
  to_second.TrySend("second");
  EXPECT_EQ(bob.NextHead(), "second");
}

TEST_P(TransportConformance, TransportMayTalkToItself) {
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(alice.Listen(world_->FreshAddress()));
  lane.TrySend("me");
  EXPECT_EQ(alice.NextHead(), "me");
}

TEST_P(TransportConformance, TakenAddressIsRefused) {
  Station bob = MakeStation();
  Station mallory = MakeStation();
  Station alice = MakeStation();
  const Address address = bob.Listen(world_->FreshAddress());
  EXPECT_EQ(mallory.transport().Listen(address).status().code(),
            absl::StatusCode::kAlreadyExists);
  WatchedLane lane = alice.Open(address);
  lane.TrySend("for bob");
  EXPECT_EQ(bob.NextHead(), "for bob");
}

TEST_P(TransportConformance, ForeignAddressIsRefused) {
  Station bob = MakeStation();
  EXPECT_EQ(bob.transport().Listen(world_->ForeignAddress()).status().code(),
            absl::StatusCode::kInvalidArgument);

  class : public LaneObserver {
    void OnWritable() override {}
    void OnLost(absl::string_view) override {}
  } observer;
  EXPECT_EQ(
      bob.transport().Open(world_->ForeignAddress(), observer).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_P(TransportConformance, ZeroTimeoutLooksAndReturns) {
  Station bob = MakeStation();
  bob.Listen(world_->FreshAddress());
  std::vector<InboundFrame> burst;
  EXPECT_EQ(bob.transport().inbox().Receive(absl::ZeroDuration(), 1, burst),
            0u);
  EXPECT_EQ(bob.transport().inbox().Receive(-kBound, 1, burst), 0u);
}

TEST_P(TransportConformance, TimeoutEndsAWaitAndNotBefore) {
  Station bob = MakeStation();
  bob.Listen(world_->FreshAddress());
  std::vector<InboundFrame> burst;
  const Deadline deadline = Deadline::After(absl::Microseconds(300));
  EXPECT_EQ(bob.transport().inbox().Receive(absl::Microseconds(300), 1, burst),
            0u);
  EXPECT_TRUE(deadline.Passed());
}

TEST_P(TransportConformance, InterruptEndsTheNextWait) {
  Station bob = MakeStation();
  bob.Listen(world_->FreshAddress());
  Inbox& inbox = bob.transport().inbox();
  std::vector<InboundFrame> burst;
  inbox.Interrupt();
  inbox.Interrupt();
  EXPECT_EQ(inbox.Receive(absl::ZeroDuration(), 1, burst), 0u);
  EXPECT_EQ(inbox.Receive(absl::InfiniteDuration(), 1, burst), 0u);
}

TEST_P(TransportConformance, InterruptEndsAWaitOfAnotherThread) {
  Station bob = MakeStation();
  bob.Listen(world_->FreshAddress());
  std::thread waiter([&] {
    std::vector<InboundFrame> burst;
    bob.transport().inbox().Receive(absl::InfiniteDuration(), 1, burst);
  });
  bob.transport().inbox().Interrupt();
  waiter.join();
}

TEST_P(TransportConformance, FrameEndsAWaitOfAnotherThread) {
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  std::vector<InboundFrame> burst;
  std::thread waiter([&] {
    bob.transport().inbox().Receive(absl::InfiniteDuration(), 1, burst);
  });
  lane.TrySend("wake");
  waiter.join();
  ASSERT_EQ(burst.size(), 1u);
  EXPECT_EQ(burst[0].head.view(), "wake");
}

// The role of the receiver moves between two threads; so does the sender's.
TEST_P(TransportConformance, ThreadsMayTakeTurnsUnderALock) {
  constexpr int kFrames = 400;
  Station bob = MakeStation();
  Station alice = MakeStation();
  WatchedLane lane = alice.Open(bob.Listen(world_->FreshAddress()));
  Mutex sending;
  Mutex receiving;
  int sent = 0;
  int received = 0;
  const auto send = [&] {
    while (true) {
      MutexLock lock(sending);
      if (sent == kFrames) return;
      if (lane.TrySend(absl::StrCat(sent)) == SendResult::kSent) ++sent;
    }
  };
  const auto receive = [&] {
    while (true) {
      MutexLock lock(receiving);
      if (received == kFrames) return;
      EXPECT_EQ(NumberOf(bob.Next()), received++);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(send);
    threads.emplace_back(receive);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace am::transport
