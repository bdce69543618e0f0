#include "tests/fault/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/fault/fork.h"
#include "tests/fault/instance.h"

namespace am::fault {
namespace {

using examples::ChildProcess;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr std::uint16_t kPort = 7;  // of a namespace of its own

sockaddr_in AddressOfHost(int host) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  // "tcp://10.77.0.1:0"
  const std::string text = Network::Listen(host);
  inet_pton(AF_INET, text.substr(6, text.size() - 8).c_str(),
            &address.sin_addr);
  return address;
}

// Two hosts that tell each other one byte at a time.
class NetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Network>> network = Network::Make();
    if (!network.ok()) GTEST_SKIP() << network.status();
    network_ = *std::move(network);
  }

  // A process on that host that tells what it hears.
  ChildProcess Listener(int host) {
    auto child = Fork([&] {
      if (!EnterNetwork(network_->Host(host)).ok()) return 1;
      const int udp = socket(AF_INET, SOCK_DGRAM, 0);
      const sockaddr_in self = AddressOfHost(host);
      bind(udp, reinterpret_cast<const sockaddr*>(&self), sizeof(self));
      Tell("listening");
      char byte;
      while (recv(udp, &byte, 1, 0) == 1) Tell(absl::string_view(&byte, 1));
      return 1;
    });
    EXPECT_EQ(child->ReadLine(kPatience).value_or(""), "listening");
    return *std::move(child);
  }

  void SendTo(int host, char byte) {
    auto child = Fork([&] {
      if (!EnterNetwork(network_->Host(1 - host)).ok()) return 1;
      const sockaddr_in peer = AddressOfHost(host);
      const auto sent =
          sendto(socket(AF_INET, SOCK_DGRAM, 0), &byte, 1, 0,
                 reinterpret_cast<const sockaddr*>(&peer), sizeof(peer));
      return sent == 1 ? 0 : 1;
    });
    EXPECT_FALSE(child->ReadLine(kPatience).ok());  // it is over
    EXPECT_EQ(child->Stop(kPatience), absl::OkStatus());
  }

  std::unique_ptr<Network> network_;
};

TEST_F(NetworkTest, WhatIsSentWhileItIsCutIsLostWithoutAWord) {
  ChildProcess listener = Listener(1);
  SendTo(1, 'a');
  EXPECT_EQ(listener.ReadLine(kPatience).value_or(""), "a");
  ASSERT_EQ(network_->Cut(0), absl::OkStatus());
  SendTo(1, 'b');
  ASSERT_EQ(network_->Heal(0), absl::OkStatus());
  SendTo(1, 'c');
  EXPECT_EQ(listener.ReadLine(kPatience).value_or(""), "c");
}

TEST_F(NetworkTest, ACutIsOneWay) {
  ChildProcess listener = Listener(0);
  ASSERT_EQ(network_->Cut(0), absl::OkStatus());
  SendTo(0, 'a');
  EXPECT_EQ(listener.ReadLine(kPatience).value_or(""), "a");
}

}  // namespace
}  // namespace am::fault
