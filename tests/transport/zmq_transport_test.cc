#include "am/transport/zmq_transport.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/transport/empty_folder.h"
#include "tests/transport/transport_conformance.h"

namespace am::transport {
namespace {

// Over the scheme that its addresses have.
class ZmqWorld : public TransportWorld {
 public:
  std::unique_ptr<Transport> MakeTransport() override {
    ZmqOptions options;
    options.max_frame_bytes = kFrameLimit;
    options.lane_frames = 200;
    absl::StatusOr<std::unique_ptr<ZmqTransport>> transport =
        MakeZmqTransport(options);
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }
  Address ForeignAddress() override { return Address::InProcess("a"); }
};

class TcpWorld final : public ZmqWorld {
 public:
  Address FreshAddress() override { return Address::Tcp("127.0.0.1", 0); }

  // Where somebody has just stopped to listen.
  Address DesertedAddress() override {
    return *MakeTransport()->Listen(FreshAddress());
  }
};

class IpcWorld final : public ZmqWorld {
 public:
  Address FreshAddress() override {
    return Address::Ipc(absl::StrCat(folder_.path(), "/", ++addresses_));
  }
  Address DesertedAddress() override {
    return Address::Ipc(absl::StrCat(folder_.path(), "/nobody"));
  }

 private:
  const EmptyFolder folder_;
  int addresses_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Tcp, TransportConformance,
                         testing::Values(&MakeWorld<TcpWorld>));
INSTANTIATE_TEST_SUITE_P(Ipc, TransportConformance,
                         testing::Values(&MakeWorld<IpcWorld>));

}  // namespace
}  // namespace am::transport
