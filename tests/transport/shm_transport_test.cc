#include "am/transport/shm_transport.h"

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "am/transport/zmq_transport.h"
#include "gtest/gtest.h"
#include "tests/transport/transport_conformance.h"

namespace am::transport {
namespace {

class ShmWorld final : public TransportWorld {
 public:
  ShmWorld() { EXPECT_NE(mkdtemp(folder_), nullptr); }
  ~ShmWorld() override { EXPECT_EQ(rmdir(folder_), 0) << "left something"; }

  std::unique_ptr<Transport> MakeTransport() override {
    auto transport = MakeShmTransport(
        {.max_frame_bytes = kFrameLimit, .ring_bytes = 4 * kFrameLimit});
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }
  Address FreshAddress() override {
    return Address::Shm(absl::StrCat(folder_, "/", ++addresses_));
  }
  Address DesertedAddress() override {
    return Address::Shm(absl::StrCat(folder_, "/nobody"));
  }
  Address ForeignAddress() override { return Address::InProcess("a"); }

 private:
  char folder_[32] = "/tmp/am-test-XXXXXX";
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

INSTANTIATE_TEST_SUITE_P(Joined, TransportConformance,
                         testing::Values(&MakeWorld<JoinedWorld>));
INSTANTIATE_TEST_SUITE_P(Shm, TransportConformance,
                         testing::Values(&MakeWorld<ShmWorld>));

}  // namespace
}  // namespace am::transport
