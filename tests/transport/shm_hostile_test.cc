// Peers of the shared memory transport that offer what is no ring, scribble
// over one, or die in the midst of a frame.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/transport/frame_stream.h"
#include "am/transport/own_folder.h"
#include "am/transport/shm_inbox.h"
#include "am/transport/shm_lanes.h"
#include "am/transport/shm_segment.h"
#include "am/transport/shm_socket.h"
#include "gtest/gtest.h"

namespace am::transport {
namespace {

constexpr std::size_t kRing = 4096;
constexpr absl::Duration kBound = absl::Seconds(30);

EventDescriptor Events() { return *EventDescriptor::Make(); }

class ShmHostileTest : public testing::Test {
 protected:
  ShmHostileTest() {
    inbox_ = *ShmInbox::Make({.parts = 4, .bytes = 10'000},
                             absl::ZeroDuration(), absl::ZeroDuration());
    inbox_->Listen(*ListenOnSocket(path_, 16));
  }

  // An offer that is as it should be.
  ShmOffer Offer() {
    auto made = *ShmSegment::Make(kRing);
    segment_ = std::move(made.segment);
    return {kRing, std::move(made.file), Events(), Events()};
  }

  std::vector<InboundFrame> Look() {
    std::vector<InboundFrame> burst;
    inbox_->Receive(absl::ZeroDuration(), 64, burst);
    return burst;
  }
  bool IsRefused(const ShmOffer& offer) {
    const auto connection = OfferOnSocket(path_, offer);
    EXPECT_TRUE(connection.ok()) << connection.status();
    Look();
    char byte = 0;
    return recv(connection->get(), &byte, 1, MSG_DONTWAIT) == 0 &&
           inbox_->broken_rings() == 1;
  }

  const OwnFolder folder_ = *OwnFolder::Make("/tmp", "am-test-");
  const std::string path_ = folder_.path() + "/ring";
  std::unique_ptr<ShmInbox> inbox_;
  std::unique_ptr<ShmSegment> segment_;
};

TEST_F(ShmHostileTest, AnHonestOfferIsTaken) {
  const ShmOffer offer = Offer();
  const auto connection = OfferOnSocket(path_, offer);
  FrameStreamWriter writer(segment_->ring());
  writer.TryWrite({"hello"});
  writer.ring().Publish();
  const auto burst = Look();
  ASSERT_EQ(burst.size(), 1u);
  EXPECT_EQ(burst[0].head.view(), "hello");
}

TEST_F(ShmHostileTest, MemoryThatCanShrinkIsRefused) {
  ShmOffer offer = Offer();
  offer.memory = Descriptor(memfd_create("loose", MFD_ALLOW_SEALING));
  ASSERT_EQ(ftruncate(offer.memory.get(), RingMemory::kBytesAt + kRing), 0);
  EXPECT_TRUE(IsRefused(offer));
}

TEST_F(ShmHostileTest, MemoryOfAnotherSizeIsRefused) {
  ShmOffer offer = Offer();
  offer.ring_bytes = 2 * kRing;
  EXPECT_TRUE(IsRefused(offer));
}

TEST_F(ShmHostileTest, SizesThatAreNoPowersOfTwoAreRefused) {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{5000}, std::uint64_t{1} << 63}) {
    EXPECT_FALSE(ShmSegment::IsRingSize(bytes)) << bytes;
  }
}

TEST_F(ShmHostileTest, APipeIsNoSignal) {
  ShmOffer offer = Offer();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  offer.read = EventDescriptor(Descriptor(ends[1]));
  const Descriptor other(ends[0]);
  EXPECT_TRUE(IsRefused(offer));
}

TEST_F(ShmHostileTest, ConnectionsThatSayOtherThingsAreClosed) {
  Descriptor stranger(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(connect(stranger.get(), reinterpret_cast<sockaddr*>(&address),
                    sizeof(address)),
            0);
  Look();
  EXPECT_EQ(inbox_->broken_rings(), 0u) << "it has said nothing yet";
  ASSERT_GT(send(stranger.get(), "GET / HTTP/1.1\r\n", 16, 0), 0);
  Look();
  EXPECT_EQ(inbox_->broken_rings(), 1u);
}

TEST_F(ShmHostileTest, AScribbledRingIsClosedAndOthersServeOn) {
  const ShmOffer bad_offer = Offer();
  const std::unique_ptr<ShmSegment> bad = std::move(segment_);
  const auto bad_connection = OfferOnSocket(path_, bad_offer);
  const ShmOffer offer = Offer();
  const auto connection = OfferOnSocket(path_, offer);
  Look();
  std::memset(bad->ring().bytes, 0xff, kRing);
  bad->ring().head->written = 100;
  bad_offer.written.Set();
  FrameStreamWriter writer(segment_->ring());
  writer.TryWrite({"well"});
  if (writer.ring().Publish()) offer.written.Set();
  std::vector<InboundFrame> burst = Look();
  if (burst.empty()) burst = Look();
  ASSERT_EQ(burst.size(), 1u);
  EXPECT_EQ(burst[0].head.view(), "well");
  Look();
  EXPECT_EQ(inbox_->broken_rings(), 1u);
}

// A lane to a reader that this test plays itself.
class HostileReaderTest : public testing::Test {
 protected:
  class Observer final : public LaneObserver {
   public:
    void OnWritable() override {}
    void OnLost(absl::string_view) override {}
  };

  RingHead& head() { return *segment_->ring().head; }

  const OwnFolder folder_ = *OwnFolder::Make("/tmp", "am-test-");
  const std::string path_ = folder_.path() + "/ring";
  const Descriptor listener_ = *ListenOnSocket(path_, 16);
  Observer observer_;
  const std::unique_ptr<ShmLanes> lanes_ =
      *ShmLanes::Make({.limits = {}, .ring_bytes = kRing});
  const std::unique_ptr<Lane> lane_ = *lanes_->Open(path_, observer_);
  const Descriptor connection_ = *AcceptOnSocket(listener_);
  const ShmOffer offer_ = *TakeOffer(connection_);
  const std::unique_ptr<ShmSegment> segment_ =
      *ShmSegment::Adopt(offer_.memory, kRing);
};

TEST_F(HostileReaderTest, NonsenseEndsTheLaneOfWhoeverLooksForRoom) {
  const std::string half(kRing / 2, 'x');
  EXPECT_EQ(lane_->TrySend({half}), SendResult::kSent);
  head().read = 1 << 20;
  EXPECT_EQ(lane_->TrySend({half}), SendResult::kClosed);
}

TEST_F(HostileReaderTest, NonsenseEndsTheLaneInTheMidstOfAFrame) {
  head().read = 1 << 20;
  EXPECT_EQ(lane_->TrySend({std::string(2 * kRing, 'x')}), SendResult::kClosed);
  EXPECT_EQ(lane_->TrySend({"x"}), SendResult::kClosed);
}

TEST_F(HostileReaderTest, ACountThatGoesBackEndsTheLane) {
  const std::string most(kRing - 100, 'x');
  EXPECT_EQ(lane_->TrySend({most}), SendResult::kSent);
  head().read = 2;
  EXPECT_EQ(lane_->TrySend({most}), SendResult::kWouldBlock);
  head().read = 1;
  EXPECT_EQ(lane_->TrySend({most}), SendResult::kClosed);
}

// Leaves this process no descriptor: the limit is that of their numbers, and
// what is below it and free is taken.
class NoDescriptors final {
 public:
  NoDescriptors() : lowest_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(lowest_.get()) + 1;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  const Descriptor lowest_;
  rlimit before_ = {};
};

TEST_F(ShmHostileTest, WhoConnectsWhenNoDescriptorsAreLeftIsHungUpOn) {
  const ShmOffer offer = Offer();
  const auto first = OfferOnSocket(path_, offer);
  const auto second = OfferOnSocket(path_, offer);
  const NoDescriptors none;
  Look();
  for (const auto& connection : {first->get(), second->get()}) {
    char byte = 0;  // The offer was not read, which is a reset.
    EXPECT_EQ(recv(connection, &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, ECONNRESET);
  }
}

// The child is killed wherever it happens to be.
TEST_F(ShmHostileTest, WhatAKilledWriterHasHalfWrittenIsNotRead) {
  for (int round = 0; round < 20; ++round) {
    const ShmOffer offer = Offer();
    const auto connection = OfferOnSocket(path_, offer);
    ASSERT_TRUE(connection.ok());
    const pid_t child = fork();
    if (child == 0) {
      FrameStreamWriter writer(segment_->ring());
      const std::string body(1000, static_cast<char>('a' + round));
      for (;;) {
        if (!writer.TryWrite({body})) continue;
        if (writer.ring().Publish()) offer.written.Set();
      }
    }
    std::vector<InboundFrame> burst;
    while (burst.size() < 50) inbox_->Receive(kBound, 64, burst);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    shutdown(connection->get(), SHUT_RDWR);  // As its end would have done.
    while (inbox_->Receive(absl::ZeroDuration(), 64, burst) > 0) {
    }
    const std::string body(1000, static_cast<char>('a' + round));
    for (const InboundFrame& frame : burst) ASSERT_EQ(frame.head.view(), body);
  }
  EXPECT_EQ(inbox_->broken_rings(), 0u);
}

}  // namespace
}  // namespace am::transport
