#include "am/transport/faulty_transport.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "am/transport/in_process_transport.h"
#include "am/transport/zmq_transport.h"
#include "gtest/gtest.h"
#include "tests/transport/transport_conformance.h"

namespace am::transport {
namespace {

absl::Time SteadyNow() {
  return absl::UnixEpoch() +
         absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

class FaultlessInProcess final : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    return std::make_unique<FaultyTransport>(
        network_.MakeTransport({.max_frame_bytes = kFrameLimit}),
        FaultOptions(), &SteadyNow);
  }
  Address FreshAddress() override {
    return Address::InProcess(absl::StrCat("station-", ++addresses_));
  }
  Address DesertedAddress() override { return Address::InProcess("nobody"); }
  Address ForeignAddress() override { return Address::Ipc("/a"); }

 private:
  InProcessNetwork network_;
  int addresses_ = 0;
};

class FaultlessZmq final : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    ZmqOptions options;
    options.max_frame_bytes = kFrameLimit;
    options.lane_frames = 200;
    return std::make_unique<FaultyTransport>(*MakeZmqTransport(options),
                                             FaultOptions(), &SteadyNow);
  }
  Address FreshAddress() override { return Address::Tcp("127.0.0.1", 0); }
  Address DesertedAddress() override { return Address::Ipc("/nowhere"); }
  Address ForeignAddress() override { return Address::InProcess("a"); }
};

INSTANTIATE_TEST_SUITE_P(FaultlessInProcess, TransportConformance,
                         testing::Values(&MakeWorld<FaultlessInProcess>));
INSTANTIATE_TEST_SUITE_P(FaultlessZmq, TransportConformance,
                         testing::Values(&MakeWorld<FaultlessZmq>));

// Alice's frames suffer, bob's do not. Time stands still unless told.
class Faults {
 public:
  explicit Faults(const FaultOptions& options,
                  const InProcessOptions& inner = InProcessOptions())
      : alice(network.MakeTransport(inner), options, [this] { return now; }),
        bob(network.MakeTransport()) {
    EXPECT_TRUE(bob->Listen(to_bob).ok());
  }

  std::unique_ptr<WatchedLane> Open() {
    return std::make_unique<WatchedLane>(alice, to_bob);
  }

  // What bob has received since the last look, as "1 2 3".
  std::string Arrived() {
    std::vector<InboundFrame> burst;
    bob->inbox().Receive(absl::ZeroDuration(), 100000, burst);
    return absl::StrJoin(burst, " ", [](std::string* out, const auto& frame) {
      absl::StrAppend(out, frame.head.view());
    });
  }

  void Pass(absl::Duration time) {
    now += time;
    alice.Release();
  }

  const Address to_bob = Address::InProcess("bob");
  absl::Time now = absl::UnixEpoch();
  InProcessNetwork network;
  FaultyTransport alice;
  std::unique_ptr<Transport> bob;
};

void SendNumbers(WatchedLane& lane, int first, int last) {
  for (int i = first; i <= last; ++i) {
    EXPECT_EQ(lane.TrySend(absl::StrCat(i)), SendResult::kSent);
  }
}

FaultOptions Everything(std::uint64_t seed) {
  return {.seed = seed,
          .drop = 0.1,
          .duplicate = 0.1,
          .delay = 0.2,
          .reorder = 0.2};
}

TEST(FaultPlan, IsDecidedBySeedAndLane) {
  const auto faults = [](std::uint64_t seed, std::uint64_t lane) {
    FaultPlan plan(Everything(seed), lane);
    std::vector<Fault> drawn(100);
    for (Fault& fault : drawn) fault = plan.Next().fault;
    return drawn;
  };
  EXPECT_EQ(faults(1, 1), faults(1, 1));
  EXPECT_NE(faults(1, 1), faults(1, 2));
  EXPECT_NE(faults(1, 1), faults(2, 1));
  EXPECT_NE(faults(1, 2), faults(2, 1));
}

TEST(FaultyTransport, DroppedFramesAreCounted) {
  Faults faults({.drop = 0.25});
  const auto lane = faults.Open();
  for (int i = 0; i < 900; ++i) lane->TrySend("x");
  const std::string arrived = faults.Arrived();
  const std::uint64_t dropped = faults.alice.counts().dropped;
  EXPECT_EQ((arrived.size() + 1) / 2 + dropped, 900u);
  EXPECT_GT(dropped, 150u);
  EXPECT_LT(dropped, 300u);
}

TEST(FaultyTransport, FaultsBeginAndEndWhenTheyAreToldTo) {
  Faults faults({.drop = 1,
                 .from = absl::UnixEpoch() + absl::Seconds(1),
                 .until = absl::UnixEpoch() + absl::Seconds(2)});
  const auto lane = faults.Open();
  lane->TrySend("1");
  faults.Pass(absl::Seconds(1));
  lane->TrySend("2");
  faults.Pass(absl::Seconds(1));
  lane->TrySend("3");
  EXPECT_EQ(faults.Arrived(), "1 3");
}

TEST(FaultyTransport, DuplicateFollowsAtOnce) {
  Faults faults({.duplicate = 1});
  const auto lane = faults.Open();
  SendNumbers(*lane, 1, 3);
  EXPECT_EQ(faults.Arrived(), "1 1 2 2 3 3");
  EXPECT_EQ(faults.alice.counts().duplicated, 3u);
}

TEST(FaultyTransport, DelayedFramesComeWhenDueAndInOrder) {
  Faults faults({.delay = 1,
                 .delay_min = absl::Milliseconds(5),
                 .delay_max = absl::Milliseconds(10)});
  const auto lane = faults.Open();
  EXPECT_EQ(faults.alice.NextRelease(), absl::InfiniteFuture());
  SendNumbers(*lane, 1, 20);
  const absl::Time first_due = faults.alice.NextRelease();
  EXPECT_GE(first_due, faults.now + absl::Milliseconds(5));
  EXPECT_LE(first_due, faults.now + absl::Milliseconds(10));
  faults.Pass(first_due - faults.now - absl::Nanoseconds(1));
  EXPECT_EQ(faults.Arrived(), "");
  faults.Pass(absl::Nanoseconds(1));
  EXPECT_EQ(faults.Arrived().substr(0, 1), "1");
  faults.Pass(absl::Milliseconds(10));
  EXPECT_TRUE(faults.Arrived().ends_with("19 20"));
  EXPECT_EQ(faults.alice.NextRelease(), absl::InfiniteFuture());
  EXPECT_EQ(faults.alice.counts().delayed, 20u);
}

// A seed with which the first frame of the first lane waits to be overtaken and
// that of the second lane does not.
std::uint64_t ReorderingSeed() {
  FaultOptions options{.seed = 0, .reorder = 0.5};
  while (FaultPlan(options, 1).Next().fault != Fault::kReorder ||
         FaultPlan(options, 2).Next().fault != Fault::kNone) {
    ++options.seed;
  }
  return options.seed;
}

TEST(FaultyTransport, ReorderedFrameIsOvertakenByAnotherLane) {
  Faults faults({.seed = ReorderingSeed(), .reorder = 0.5});
  const auto first = faults.Open();
  const auto second = faults.Open();
  first->TrySend("first");
  second->TrySend("second");
  EXPECT_EQ(faults.Arrived(), "second first");
  EXPECT_EQ(faults.alice.counts().reordered, 1u);
}

TEST(FaultyTransport, ReorderedFrameComesLateIfNobodyOvertakesIt) {
  Faults faults({.seed = ReorderingSeed(),
                 .reorder = 0.5,
                 .delay_max = absl::Milliseconds(7)});
  const auto lane = faults.Open();
  lane->TrySend("alone");
  EXPECT_EQ(faults.Arrived(), "");
  faults.Pass(absl::Milliseconds(7));
  EXPECT_EQ(faults.Arrived(), "alone");
}

TEST(FaultyTransport, AReceiveLearnsOfWhatFollowsAnOvertakenFrame) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    bool stirred = false;
    Faults faults({.seed = seed, .delay = 0.4, .reorder = 0.4},
                  {.on_stir = [&stirred] { stirred = true; }});
    const auto first = faults.Open();
    const auto second = faults.Open();
    SendNumbers(*first, 1, 2);
    stirred = false;
    second->TrySend("overtakes");
    // Not all seeds have the 2 wait for longer than the 1.
    if (faults.Arrived() != "overtakes 1") continue;
    EXPECT_LT(faults.alice.NextRelease(), absl::InfiniteFuture());
    EXPECT_TRUE(stirred);
    return;
  }
  FAIL() << "no seed makes the case";
}

// Everything that happens in a small world, as text.
std::string Story(std::uint64_t seed) {
  Faults faults(Everything(seed));
  const auto even = faults.Open();
  const auto odd = faults.Open();
  std::string story;
  for (int i = 0; i < 200; ++i) {
    (i % 2 == 0 ? even : odd)->TrySend(absl::StrCat(i));
    faults.Pass(absl::Milliseconds(1));
    absl::StrAppend(&story, faults.Arrived(), ";");
  }
  faults.Pass(absl::Seconds(1));
  return story + faults.Arrived();
}

TEST(FaultyTransport, SameSeedTellsTheSameStory) {
  EXPECT_EQ(Story(1), Story(1));
  EXPECT_NE(Story(1), Story(2));
}

TEST(FaultyTransport, LanesKeepTheirOrderUnderAllFaults) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    int last[] = {-1, -1};
    for (absl::string_view word : absl::StrSplit(
             Story(seed), absl::ByAnyChar(" ;"), absl::SkipEmpty())) {
      int number = 0;
      ASSERT_TRUE(absl::SimpleAtoi(word, &number));
      ASSERT_GE(number, last[number % 2]) << "seed " << seed;
      last[number % 2] = number;
    }
  }
}

TEST(FaultyTransport, SilentCutSwallowsAndTellsNobody) {
  Faults faults({});
  const auto lane = faults.Open();
  SendNumbers(*lane, 1, 2);
  faults.alice.Cut(faults.to_bob, CutKind::kSilent);
  SendNumbers(*lane, 3, 4);
  faults.Pass(absl::Hours(1));
  EXPECT_FALSE(lane->lost());
  faults.alice.Heal(faults.to_bob);
  SendNumbers(*lane, 5, 6);
  EXPECT_EQ(faults.Arrived(), "1 2 5 6");
  EXPECT_EQ(faults.alice.counts().swallowed, 2u);
}

TEST(FaultyTransport, SilentCutSwallowsWhatIsOnItsWay) {
  Faults faults({.delay = 1});
  const auto lane = faults.Open();
  SendNumbers(*lane, 1, 2);
  faults.alice.Cut(faults.to_bob, CutKind::kSilent);
  faults.Pass(absl::Seconds(1));
  EXPECT_EQ(faults.Arrived(), "");
  EXPECT_EQ(faults.alice.counts().swallowed, 2u);
}

TEST(FaultyTransport, LossBehindASilentCutIsToldWhenItHeals) {
  Faults faults({});
  const auto lane = faults.Open();
  faults.alice.Cut(faults.to_bob, CutKind::kSilent);
  faults.bob.reset();
  std::vector<InboundFrame> burst;
  faults.alice.inbox().Receive(absl::ZeroDuration(), 1, burst);
  EXPECT_FALSE(lane->lost());
  EXPECT_EQ(lane->TrySend("into the dark"), SendResult::kSent);
  faults.alice.Heal(faults.to_bob);
  faults.alice.Release();
  EXPECT_TRUE(lane->lost());
}

TEST(FaultyTransport, LoudCutLosesLanesUntilItHeals) {
  Faults faults({});
  const auto old = faults.Open();
  faults.alice.Cut(faults.to_bob, CutKind::kLoud);
  EXPECT_EQ(old->TrySend("late"), SendResult::kClosed);
  EXPECT_FALSE(old->lost()) << "told within Cut";
  const auto refused = faults.Open();
  faults.alice.Release();
  EXPECT_TRUE(old->lost());
  EXPECT_TRUE(refused->lost());
  EXPECT_EQ(faults.alice.counts().lanes_cut, 2u);

  faults.alice.Heal(faults.to_bob);
  EXPECT_EQ(old->TrySend("late"), SendResult::kClosed);
  const auto fresh = faults.Open();
  fresh->TrySend("fresh");
  EXPECT_EQ(faults.Arrived(), "fresh");
}

TEST(FaultyTransport, LaneWithTooMuchWaitingRefuses) {
  Faults faults({.delay = 1, .waiting_frames = 2});
  const auto lane = faults.Open();
  SendNumbers(*lane, 1, 2);
  EXPECT_EQ(lane->TrySend("3"), SendResult::kWouldBlock);
  faults.alice.Release();
  EXPECT_EQ(lane->writable_calls(), 0);
  faults.Pass(absl::Seconds(1));
  EXPECT_EQ(lane->writable_calls(), 1);
  SendNumbers(*lane, 3, 4);
  faults.Pass(absl::Seconds(1));
  EXPECT_EQ(faults.Arrived(), "1 2 3 4");
}

TEST(FaultyTransport, WaitingFramesWaitForTheInnerLaneToo) {
  Faults faults({.delay = 1}, {.lane_frames = 2});
  const auto lane = faults.Open();
  SendNumbers(*lane, 1, 5);
  faults.Pass(absl::Seconds(1));
  std::string arrived;
  std::vector<InboundFrame> none;
  for (int i = 0; i < 3; ++i) {
    absl::StrAppend(&arrived, faults.Arrived(), ";");
    faults.alice.inbox().Receive(absl::ZeroDuration(), 1, none);
  }
  EXPECT_EQ(arrived, "1 2;3 4;5;");
}

TEST(FaultyTransport, DestroyedLaneStillSendsWhatItTook) {
  Faults faults({.delay = 1});
  auto lane = faults.Open();
  SendNumbers(*lane, 1, 3);
  lane.reset();
  EXPECT_EQ(faults.Arrived(), "");
  faults.Pass(absl::Seconds(1));
  EXPECT_EQ(faults.Arrived(), "1 2 3");
  EXPECT_EQ(faults.alice.NextRelease(), absl::InfiniteFuture());
}

TEST(FaultyTransport, AWaitingReceiveSendsOnWhatIsDue) {
  InProcessNetwork network;
  Station alice(std::make_unique<FaultyTransport>(
      network.MakeTransport(), FaultOptions{.delay = 1}, &SteadyNow));
  WatchedLane lane = alice.Open(alice.Listen(Address::InProcess("alice")));
  lane.TrySend("later");
  EXPECT_EQ(alice.NextHead(), "later");
}

}  // namespace
}  // namespace am::transport
