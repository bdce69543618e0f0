#include "tests/fault/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace am::fault {
namespace {

// Both ends of a tcp connection, in this process.
class ConnectionsTest : public testing::Test {
 protected:
  ConnectionsTest() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    EXPECT_EQ(connect(client_, generic, size), 0);
    server_ = accept(listener_, nullptr, nullptr);
  }
  ~ConnectionsTest() override {
    for (const int descriptor : {listener_, client_, server_}) {
      close(descriptor);
    }
  }

  const int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  const int client_ = socket(AF_INET, SOCK_STREAM, 0);
  int server_ = -1;
};

TEST_F(ConnectionsTest, BothEndsOfATcpConnectionAreReset) {
  EXPECT_GE(ResetConnections(), 1);
  char byte;
  for (const int end : {client_, server_}) {
    EXPECT_EQ(recv(end, &byte, 1, 0), -1);
    EXPECT_TRUE(errno == ECONNRESET || errno == ENOTCONN) << errno;
  }
}

TEST_F(ConnectionsTest, ThereIsNothingToResetTwice) {
  ResetConnections();
  EXPECT_EQ(ResetConnections(), 0);
}

TEST(Connections, PairsWithoutAPathAreLeftAlone) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ResetConnections();
  char byte = 'x';
  EXPECT_EQ(send(ends[0], &byte, 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(recv(ends[1], &byte, 1, 0), 1);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace am::fault
