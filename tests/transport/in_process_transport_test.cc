#include "am/transport/in_process_transport.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/transport/transport_conformance.h"

namespace am::transport {
namespace {

class InProcessWorld final : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    return network_.MakeTransport({.max_frame_bytes = kFrameLimit});
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

INSTANTIATE_TEST_SUITE_P(InProcess, TransportConformance,
                         testing::Values(&MakeWorld<InProcessWorld>));

struct Neighbours {
  InProcessNetwork network;
  std::unique_ptr<Transport> alice = network.MakeTransport({.lane_frames = 2});
  std::unique_ptr<Transport> bob = network.MakeTransport();
};

std::size_t Look(Transport& transport) {
  std::vector<InboundFrame> burst;
  return transport.inbox().Receive(absl::ZeroDuration(), 64, burst);
}

TEST(InProcessTransport, EmptyNamePicksAFreeOne) {
  Neighbours n;
  ASSERT_TRUE(n.bob->Listen(Address::InProcess("unnamed-1")).ok());
  const absl::StatusOr<Address> picked =
      n.alice->Listen(Address::InProcess(""));
  ASSERT_TRUE(picked.ok()) << picked.status();
  EXPECT_EQ(picked->ToString(), "inproc://unnamed-2");
}

TEST(InProcessTransport, NetworksDoNotMeet) {
  Neighbours here;
  Neighbours elsewhere;
  ASSERT_TRUE(here.bob->Listen(Address::InProcess("bob")).ok());
  EXPECT_TRUE(elsewhere.bob->Listen(Address::InProcess("bob")).ok());
}

TEST(InProcessTransport, NoticesComeFromTheSendersReceiveAlone) {
  Neighbours n;
  ASSERT_TRUE(n.bob->Listen(Address::InProcess("bob")).ok());
  WatchedLane lane(*n.alice, Address::InProcess("bob"));
  EXPECT_EQ(lane.TrySend("1"), SendResult::kSent);
  EXPECT_EQ(lane.TrySend("2"), SendResult::kSent);
  EXPECT_EQ(lane.TrySend("3"), SendResult::kWouldBlock);
  EXPECT_EQ(Look(*n.bob), 2u);
  EXPECT_EQ(lane.writable_calls(), 0);
  EXPECT_EQ(Look(*n.alice), 0u);
  EXPECT_EQ(lane.writable_calls(), 1);
  n.bob.reset();
  EXPECT_FALSE(lane.lost());
  EXPECT_EQ(lane.TrySend("4"), SendResult::kClosed);
  EXPECT_EQ(Look(*n.alice), 0u);
  EXPECT_TRUE(lane.lost());
}

TEST(InProcessTransport, WhoWouldWakeUpIsStirred) {
  InProcessNetwork network;
  int alices = 0, bobs = 0;
  const auto alice = network.MakeTransport(
      {.lane_frames = 1, .on_stir = [&alices] { ++alices; }});
  auto bob = network.MakeTransport({.on_stir = [&bobs] { ++bobs; }});
  ASSERT_TRUE(bob->Listen(Address::InProcess("bob")).ok());
  WatchedLane lane(*alice, Address::InProcess("bob"));
  EXPECT_EQ(lane.TrySend("1"), SendResult::kSent);
  EXPECT_EQ(bobs, 1);
  EXPECT_EQ(lane.TrySend("2"), SendResult::kWouldBlock);
  EXPECT_EQ(alices, 0);
  EXPECT_EQ(Look(*bob), 1u);
  EXPECT_EQ(alices, 1) << "the lane can be written again";
  bob.reset();
  EXPECT_EQ(alices, 2) << "the lane is lost";
  alice->inbox().Interrupt();
  EXPECT_EQ(alices, 3);
}

TEST(InProcessTransport, OneThatIsKilledLeavesOnlyWhatItSent) {
  Neighbours n;
  ASSERT_TRUE(n.alice->Listen(Address::InProcess("alice")).ok());
  ASSERT_TRUE(n.bob->Listen(Address::InProcess("bob")).ok());
  WatchedLane to_bob(*n.alice, Address::InProcess("bob"));
  WatchedLane to_alice(*n.bob, Address::InProcess("alice"));
  EXPECT_EQ(to_bob.TrySend("1"), SendResult::kSent);
  EXPECT_EQ(to_alice.TrySend("1"), SendResult::kSent);
  n.network.Kill("alice");
  EXPECT_EQ(to_bob.TrySend("2"), SendResult::kClosed);
  EXPECT_EQ(Look(*n.alice), 0u);
  EXPECT_EQ(Look(*n.bob), 1u);
  EXPECT_TRUE(to_alice.lost());
}

TEST(InProcessTransport, AnotherMayListenWhereOneWasKilled) {
  Neighbours n;
  ASSERT_TRUE(n.bob->Listen(Address::InProcess("bob")).ok());
  n.network.Kill("bob");
  ASSERT_TRUE(n.alice->Listen(Address::InProcess("bob")).ok());
  WatchedLane from_killed(*n.bob, Address::InProcess("bob"));
  EXPECT_EQ(from_killed.TrySend("1"), SendResult::kClosed);
}

TEST(InProcessTransport, FramesComeInTheOrderOfSendingOverAllLanes) {
  Neighbours n;
  ASSERT_TRUE(n.bob->Listen(Address::InProcess("bob")).ok());
  WatchedLane first(*n.alice, Address::InProcess("bob"));
  WatchedLane second(*n.alice, Address::InProcess("bob"));
  second.TrySend("1");
  first.TrySend("2");
  second.TrySend("3");
  std::vector<InboundFrame> burst;
  n.bob->inbox().Receive(absl::ZeroDuration(), 64, burst);
  ASSERT_EQ(burst.size(), 3u);
  EXPECT_EQ(burst[0].head.view(), "1");
  EXPECT_EQ(burst[1].head.view(), "2");
  EXPECT_EQ(burst[2].head.view(), "3");
}

TEST(InProcessTransport, LaneOutlivesEverythingAndIsClosed) {
  auto network = std::make_unique<InProcessNetwork>();
  std::unique_ptr<Transport> alice = network->MakeTransport();
  std::unique_ptr<Transport> bob = network->MakeTransport();
  ASSERT_TRUE(bob->Listen(Address::InProcess("bob")).ok());
  WatchedLane lane(*alice, Address::InProcess("bob"));
  network.reset();
  EXPECT_EQ(lane.TrySend("1"), SendResult::kSent);
  alice.reset();
  EXPECT_EQ(lane.TrySend("2"), SendResult::kClosed);
  bob.reset();
}

}  // namespace
}  // namespace am::transport
