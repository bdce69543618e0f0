#include "am/transport/shm_transport.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "am/transport/zmq_transport.h"
#include "gtest/gtest.h"
#include "tests/transport/empty_folder.h"
#include "tests/transport/transport_conformance.h"

namespace am::transport {
namespace {

class ShmWorld final : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    auto transport = MakeShmTransport(
        {.max_frame_bytes = kFrameLimit, .ring_bytes = 4 * kFrameLimit});
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }
  Address FreshAddress() override {
    return Address::Shm(absl::StrCat(folder_.path(), "/", ++addresses_));
  }
  Address DesertedAddress() override {
    return Address::Shm(absl::StrCat(folder_.path(), "/nobody"));
  }
  Address ForeignAddress() override { return Address::InProcess("a"); }

 private:
  const EmptyFolder folder_;
  int addresses_ = 0;
};

// Shared memory beside ZeroMQ, both at once.
class JoinedWorld final : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    ZmqOptions zmq;
    zmq.max_frame_bytes = kFrameLimit;
    zmq.lane_frames = 200;
    ShmOptions options;
    options.max_frame_bytes = kFrameLimit;
    options.ring_bytes = 4 * kFrameLimit;
    options.other = *MakeZmqTransport(zmq);
    return *MakeShmTransport(options);
  }
  // Of both kinds, by turns.
  Address FreshAddress() override {
    return ++addresses_ % 2 == 0 ? Address::Shm("")
                                 : Address::Tcp("127.0.0.1", 0);
  }
  Address DesertedAddress() override {
    return *MakeTransport()->Listen(FreshAddress());
  }
  Address ForeignAddress() override { return Address::InProcess("a"); }

 private:
  int addresses_ = 0;
};

class Deaf final : public LaneObserver {
  void OnWritable() override {}
  void OnLost(absl::string_view) override {}
};

TEST(ShmTransport, FramesAreCheapWhereMemoryIsShared) {
  const auto server = JoinedWorld().MakeTransport();
  const auto client = JoinedWorld().MakeTransport();
  const auto are_cheap = [&](const Address& listen) {
    Deaf deaf;
    return (*client->Open(*server->Listen(listen), deaf))->has_cheap_frames();
  };
  EXPECT_TRUE(are_cheap(Address::Shm("")));
  EXPECT_FALSE(are_cheap(Address::Tcp("127.0.0.1", 0)));
}

INSTANTIATE_TEST_SUITE_P(Joined, TransportConformance,
                         testing::Values(&MakeWorld<JoinedWorld>));
INSTANTIATE_TEST_SUITE_P(Shm, TransportConformance,
                         testing::Values(&MakeWorld<ShmWorld>));

}  // namespace
}  // namespace am::transport
