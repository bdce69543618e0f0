#include "am/transport/address.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace am::transport {
namespace {

std::string Reprinted(absl::string_view text) {
  const absl::StatusOr<Address> address = Address::Parse(text);
  return address.ok() ? address->ToString() : address.status().ToString();
}

absl::StatusCode Refusal(absl::string_view text) {
  return Address::Parse(text).status().code();
}

TEST(Address, PrintsWhatItParsed) {
  for (const char* text :
       {"tcp://127.0.0.1:5555", "tcp://[::1]:0", "tcp://node-1.lab:65535",
        "tcp://*:1", "tcp://[fe80::1%eth0]:7", "ipc:///run/am/a.sock", "ipc://",
        "inproc://alice", "inproc://"}) {
    EXPECT_EQ(Reprinted(text), text);
  }
}

TEST(Address, HasTheParts) {
  const absl::StatusOr<Address> v6 = Address::Parse("tcp://[::1]:80");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->scheme(), Scheme::kTcp);
  EXPECT_EQ(v6->host(), "::1");
  EXPECT_EQ(v6->port(), 80);
  EXPECT_EQ(Address::Ipc("/a").path(), "/a");
  EXPECT_EQ(Address::InProcess("bob").name(), "bob");
}

TEST(Address, RefusesWhatItCannotRead) {
  for (const char* text :
       {"", "127.0.0.1:80", "http://a:80", "tcp://a", "tcp://:80", "tcp://a:",
        "tcp://a:x", "tcp://a:-1", "tcp://a:+1", "tcp://a: 1", "tcp://a:65536",
        "tcp://a:99999999999", "tcp://a b:1", "tcp://::1:80", "tcp://[::1:80",
        "tcp://[a]:80", "tcp://**:1", "ipc://relative", "ipc://@abstract"}) {
    EXPECT_EQ(Refusal(text), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(Refusal(absl::string_view("ipc:///a\0b", 10)),
            absl::StatusCode::kInvalidArgument);
}

TEST(Address, APathHasAtMost107Bytes) {
  const std::string longest = absl::StrCat("ipc:///", std::string(106, 'x'));
  EXPECT_EQ(Reprinted(longest), longest);
  EXPECT_EQ(Refusal(absl::StrCat(longest, "x")),
            absl::StatusCode::kInvalidArgument);
}

TEST(Address, RefusalQuotesTheTextSafely) {
  EXPECT_EQ(Address::Parse("tcp://\n:1").status().message(),
            "address \"tcp://\\n:1\": expected a host name, an IPv4 number, "
            "[IPv6] or *");
}

TEST(Address, LoopbackIsLocal) {
  for (const char* host :
       {"127.0.0.1", "127.255.1.2", "::1", "localhost", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(Address::Tcp(host, 1).IsLocal()) << host;
  }
  EXPECT_TRUE(Address::Ipc("/a").IsLocal());
  EXPECT_TRUE(Address::InProcess("a").IsLocal());
  for (const char* host : {"10.0.0.1", "0.0.0.0", "*", "::", "node", "fe80::1",
                           "::ffff:10.0.0.1", "localhost.evil.org", "1270.0"}) {
    EXPECT_FALSE(Address::Tcp(host, 1).IsLocal()) << host;
  }
}

TEST(Address, WildcardsAreTold) {
  for (const char* host : {"*", "0.0.0.0", "::", "0:0::0"}) {
    EXPECT_TRUE(Address::Tcp(host, 1).IsWildcard()) << host;
  }
  EXPECT_FALSE(Address::Tcp("127.0.0.1", 1).IsWildcard());
  EXPECT_FALSE(Address::Ipc("*").IsWildcard());
}

TEST(Address, OrdersAndCompares) {
  const std::set<Address> addresses = {
      Address::Tcp("a", 1), Address::Tcp("a", 2), Address::Ipc("a"),
      Address::InProcess("a"), Address::Tcp("a", 1)};
  EXPECT_EQ(addresses.size(), 4u);
}

}  // namespace
}  // namespace am::transport
