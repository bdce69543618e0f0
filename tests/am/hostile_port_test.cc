// What reaches the sockets of an instance over ZeroMQ without being a peer.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

// A tcp connection that was not made by ZeroMQ.
class RawConnection {
 public:
  explicit RawConnection(const transport::Address& address)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(address.port()));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
              0);
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection() { close(fd_); }

  void Write(absl::string_view bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  const int fd_;
};

class HostilePortTest : public PairTest {
 protected:
  void SetUp() override { Start({.max_message_bytes = 100'000}); }

  const Refusals& refusals() const { return server_->node().refusals(); }
  RawConnection ConnectRaw() const {
    return RawConnection(world_.InfoOf(*server_).addresses.front());
  }
};
INSTANTIATE_TEST_SUITE_P(Planes, HostilePortTest,
                         testing::Values(Carrier::kTcp), PlaneName);

TEST_P(HostilePortTest, HttpRequestIsCountedAndSurvived) {
  RawConnection browser = ConnectRaw();
  std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  while (request.size() < 2000) request += "X-Filler: yes\r\n";
  browser.Write(request + "\r\n");
  EXPECT_TRUE(ServesUntil([this] {
    return refusals().of(WireError::kTooShort) +
               refusals().of(WireError::kBadMagic) >
           0;
  }));
}

TEST_P(HostilePortTest, RandomBytesAreSurvived) {
  std::mt19937 random(11);
  for (int i = 0; i < 20; ++i) {
    RawConnection noise = ConnectRaw();
    std::string bytes(1000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    noise.Write(bytes);
  }
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
}

TEST_P(HostilePortTest, ConnectionsThatSayNothingAreSurvived) {
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(std::make_unique<RawConnection>(
        world_.InfoOf(*server_).addresses.front()));
  }
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
}

TEST_P(HostilePortTest, FrameAboveTheTransportsLimitEndsItsConnectionOnly) {
  Stranger mallory(world_, *server_);
  ASSERT_TRUE(mallory.Join());
  mallory.Send(AckCallOf("take"), std::string(10'000'000, 'x'));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  EXPECT_EQ(server_->node().dispatcher().active(), 0);
}

// libzmq aborts the process if a listening socket is full when its sender goes,
// and either has heartbeats of libzmq's.
TEST(HostilePort, FullReceiverOutlivesASenderThatDies) {
  struct Deaf : transport::LaneObserver {
    void OnWritable() override {}
    void OnLost(absl::string_view) override {}
  } observer;
  const absl::Duration step = absl::Milliseconds(20);
  transport::ZmqOptions options;
  options.lane_frames = 10;
  options.linger = absl::ZeroDuration();
  auto receiver = transport::MakeZmqTransport(options).value();
  const auto address =
      receiver->Listen(transport::Address::Tcp("127.0.0.1", 0)).value();
  auto sender = transport::MakeZmqTransport(options).value();
  auto lane = sender->Open(address, observer).value();
  const std::string frame(100'000, 'x');
  std::vector<transport::InboundFrame> burst;
  // Full once it has not taken a frame for five steps.
  for (int refused = 0; refused < 5;) {
    if (lane->TrySend({.head = frame}) == transport::SendResult::kSent) {
      refused = 0;
    } else {
      ++refused;
      sender->inbox().Receive(step, 1, burst);
    }
  }
  lane.reset();
  sender.reset();
  const auto witness = transport::MakeZmqTransport(options).value();
  witness->inbox().Receive(5 * step, 1, burst);  // Nothing comes.
  EXPECT_GT(receiver->inbox().Receive(absl::Seconds(1), 1, burst), 0);
}

}  // namespace
}  // namespace am
