// The ZeroMQ transport among peers that are hostile, dead, deaf or too many.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "am/transport/descriptors.h"
#include "am/transport/own_folder.h"
#include "am/transport/zmq_transport.h"
#include "gtest/gtest.h"
#include "tests/transport/station.h"

namespace am::transport {
namespace {

std::unique_ptr<ZmqTransport> Make(const ZmqOptions& options) {
  absl::StatusOr<std::unique_ptr<ZmqTransport>> made =
      MakeZmqTransport(options);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

Station MakeStation(const ZmqOptions& options) {
  return Station(Make(options));
}

ZmqStats StatsOf(Station& station) {
  return static_cast<ZmqTransport&>(station.transport()).stats();
}

Address Loopback() { return Address::Tcp("127.0.0.1", 0); }
Address PrivatePath() { return Address::Ipc(""); }

class Deaf final : public LaneObserver {
  void OnWritable() override {}
  void OnLost(absl::string_view) override {}
};

sockaddr_in ToSockaddr(const Address& address) {
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  in.sin_port = htons(static_cast<std::uint16_t>(address.port()));
  return in;
}

Descriptor ConnectTo(const Address& address) {
  Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = ToSockaddr(address);
  EXPECT_EQ(
      connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  return fd;
}

// Waits for the frame, whatever comes before it.
void AwaitHead(Station& station, absl::string_view head) {
  while (station.Next().head.view() != head) {
    if (testing::Test::HasFailure()) return;
  }
}

TEST(ZmqHostile, HttpAtThePortDoesNoHarm) {
  Station bob = MakeStation({});
  Station alice = MakeStation({});
  const Address address = bob.Listen(Loopback());
  std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  while (request.size() < 2000) request += "X-Filler: yes\r\n";
  const Descriptor browser = ConnectTo(address);
  ASSERT_EQ(write(browser.get(), request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  WatchedLane lane = alice.Open(address);
  lane.TrySend("real");
  AwaitHead(bob, "real");
}

TEST(ZmqHostile, PartBeyondTheLimitCostsTheConnection) {
  ZmqOptions small;
  small.max_frame_bytes = 1000;
  Station bob = MakeStation(small);
  Station alice = MakeStation({});
  WatchedLane lane = alice.Open(bob.Listen(Loopback()));
  lane.TrySend(std::string(1000, 'x'));
  EXPECT_EQ(bob.NextHead().size(), 1000u);
  lane.TrySend(std::string(1001, 'x'));
  alice.Await([&] { return lane.lost(); });
}

TEST(ZmqHostile, FrameBeyondTheLimitsIsDroppedWholeAndCounted) {
  ZmqOptions small;
  small.max_frame_bytes = 1000;
  small.max_parts = 3;
  Station bob = MakeStation(small);
  Station alice = MakeStation({});
  WatchedLane lane = alice.Open(bob.Listen(Loopback()));
  const Buffer heavy(std::string(600, 'x'));
  const Buffer light(std::string(1, 'x'));
  lane.TrySend("too heavy", {heavy, heavy});
  lane.TrySend("too many", {light, light, light});
  lane.TrySend("both", {heavy, heavy, heavy, heavy});
  lane.TrySend("fine", {light, light});
  EXPECT_EQ(bob.NextHead(), "fine");
  EXPECT_EQ(StatsOf(bob).dropped_too_many_bytes, 1u);
  EXPECT_EQ(StatsOf(bob).dropped_too_many_parts, 2u);
}

TEST(ZmqHostile, SenderKeepsToTheLimitOfParts) {
  ZmqOptions few;
  few.max_parts = 2;
  Station alice = MakeStation(few);
  WatchedLane lane = alice.Open(alice.Listen(Loopback()));
  EXPECT_EQ(lane.TrySend("", {Buffer(), Buffer()}), SendResult::kTooLarge);
  EXPECT_EQ(lane.TrySend("fine", {Buffer()}), SendResult::kSent);
  EXPECT_EQ(alice.NextHead(), "fine");
}

TEST(ZmqHostile, ListenerThatNeverShakesHandsIsGivenUp) {
  const Descriptor deaf(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at = ToSockaddr(Loopback());
  socklen_t size = sizeof(at);
  ASSERT_EQ(bind(deaf.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(listen(deaf.get(), 1), 0);
  ASSERT_EQ(getsockname(deaf.get(), reinterpret_cast<sockaddr*>(&at), &size),
            0);
  ZmqOptions hasty;
  hasty.connect_timeout = absl::Milliseconds(20);
  Station alice = MakeStation(hasty);
  WatchedLane lane = alice.Open(Address::Tcp("127.0.0.1", ntohs(at.sin_port)));
  alice.Await([&] { return lane.lost(); });
  EXPECT_EQ(StatsOf(alice).lanes_lost, 1u);
}

TEST(ZmqHostile, AddressesThatCannotBeConnectedToAreRefused) {
  Station alice = MakeStation({});
  Deaf observer;
  for (const Address& address :
       {Address::Tcp("*", 5), Address::Tcp("0.0.0.0", 5), Loopback(),
        PrivatePath(), Address::Ipc(std::string(200, '/'))}) {
    EXPECT_FALSE(alice.transport().Open(address, observer).ok())
        << address.ToString();
  }
}

TEST(ZmqHostile, OtherMachinesAreShutOutUnlessAskedFor) {
  Station bob = MakeStation({});
  for (const char* host : {"0.0.0.0", "*", "::", "192.0.2.1"}) {
    EXPECT_EQ(bob.transport().Listen(Address::Tcp(host, 0)).status().code(),
              absl::StatusCode::kPermissionDenied)
        << host;
  }
  ZmqOptions open;
  open.insecure_allow_remote_peers = true;
  Station daring = MakeStation(open);
  Station alice = MakeStation({});
  const Address address = daring.Listen(Address::Tcp("0.0.0.0", 0));
  EXPECT_TRUE(address.IsWildcard());
  WatchedLane lane = alice.Open(Address::Tcp("localhost", address.port()));
  lane.TrySend("hello");
  EXPECT_EQ(daring.NextHead(), "hello");
}

TEST(ZmqHostile, LocalhostCanBeListenedOn) {
  Station bob = MakeStation({});
  const Address address = bob.Listen(Address::Tcp("localhost", 0));
  EXPECT_GT(address.port(), 0);
}

TEST(ZmqHostile, PrivatePathIsForThisUserAloneAndGoesWithTheTransport) {
  std::string folder;
  {
    Station bob = MakeStation({});
    const Address address = bob.Listen(PrivatePath());
    folder = std::filesystem::path(address.path()).parent_path();
    struct stat info;
    ASSERT_EQ(stat(folder.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    ASSERT_EQ(stat(address.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
    EXPECT_NE(bob.Listen(PrivatePath()), address);
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

// The context lives on, and with it libzmq's late removal of its files.
TEST(ZmqHostile, PathIsFreeAtOnceEvenInASharedContext) {
  const absl::StatusOr<std::shared_ptr<ZmqContext>> context = MakeZmqContext();
  ASSERT_TRUE(context.ok()) << context.status();
  ZmqOptions shared;
  shared.context = *context;
  Station keeper = MakeStation(shared);
  const std::filesystem::path inner = keeper.Listen(PrivatePath()).path();
  const Address address = Address::Ipc((inner.parent_path() / "x").string());
  for (int i = 0; i < 20; ++i) {
    Station bob = MakeStation(shared);
    WatchedLane lane = keeper.Open(bob.Listen(address));
    lane.TrySend("hello");
    ASSERT_EQ(bob.NextHead(), "hello");
  }
}

int CountEntries(const char* folder) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

TEST(ZmqHostile, LanesCostNoThreadsAndGiveTheirDescriptorsBack) {
  Station bob = MakeStation({});
  Station alice = MakeStation({});
  const Address address = bob.Listen(Loopback());
  const int threads = CountEntries("/proc/self/task");
  const int descriptors = CountEntries("/proc/self/fd");
  {
    std::deque<WatchedLane> lanes;
    for (int i = 0; i < 64; ++i) {
      lanes.emplace_back(alice.transport(), address);
      lanes.back().TrySend("hello");
    }
    for (int i = 0; i < 64; ++i) bob.Next();
    EXPECT_EQ(CountEntries("/proc/self/task"), threads);
    EXPECT_LE(CountEntries("/proc/self/fd"), descriptors + 64 * 5);
  }
  alice.Await([&] { return CountEntries("/proc/self/fd") <= descriptors; });
  EXPECT_EQ(StatsOf(alice).lanes_opened, 64u);
  EXPECT_EQ(StatsOf(alice).lanes_lost, 0u);
}

class DescriptorLimit {
 public:
  explicit DescriptorLimit(int soft) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(soft);
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST(ZmqHostile, NoDescriptorsLeftIsAnErrorAndNoAbort) {
  ZmqOptions options;
  options.raise_descriptor_limit = false;
  Station bob = MakeStation(options);
  const Address address = bob.Listen(Loopback());
  Deaf observer;
  {
    const DescriptorLimit limit(CountEntries("/proc/self/fd") + 2);
    constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
    EXPECT_EQ(bob.transport().Listen(Loopback()).status().code(), kExhausted);
    EXPECT_EQ(bob.transport().Open(address, observer).status().code(),
              kExhausted);
    EXPECT_EQ(MakeZmqTransport(options).status().code(), kExhausted);
  }
  WatchedLane lane = bob.Open(address);
  lane.TrySend("well again");
  EXPECT_EQ(bob.NextHead(), "well again");
}

TEST(ZmqHostile, OptionsOutOfRangeAreRefused) {
  const auto refused = [](const std::function<void(ZmqOptions&)>& change) {
    ZmqOptions options;
    change(options);
    return MakeZmqTransport(options).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](ZmqOptions& o) { o.max_parts = 0; }));
  EXPECT_TRUE(refused([](ZmqOptions& o) { o.lane_frames = 0; }));
  EXPECT_TRUE(refused([](ZmqOptions& o) { o.connect_timeout = {}; }));
  EXPECT_TRUE(
      refused([](ZmqOptions& o) { o.linger = absl::InfiniteDuration(); }));
}

// Another process that listens on a path and receives one frame.
class Child {
 public:
  explicit Child(const Address& address) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) Run(address, ends[1]);
    close(ends[1]);
    reports_ = Descriptor(ends[0]);
  }
  ~Child() { Kill(); }

  // Until nothing is left of it: its connections end before its locks do.
  void Kill() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

  // 'l': it listens, 'r': it received.
  char NextReport() {
    char report = 0;
    return read(reports_.get(), &report, 1) == 1 ? report : '\0';
  }

 private:
  [[noreturn]] static void Run(const Address& address, int reports) {
    std::unique_ptr<ZmqTransport> transport = Make({});
    char report = transport->Listen(address).ok() ? 'l' : 'x';
    if (write(reports, &report, 1) != 1) _exit(1);
    std::vector<InboundFrame> burst;
    transport->inbox().Receive(kBound, 1, burst);
    report = 'r';
    if (write(reports, &report, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }

  pid_t pid_;
  Descriptor reports_;
};

class ZmqOtherProcess : public testing::Test {
 protected:
  Address Path() const {
    return Address::Ipc(absl::StrCat(folder_.path(), "/child"));
  }

 private:
  const OwnFolder folder_ = *OwnFolder::Make("/tmp", "am-test-");
};

TEST_F(ZmqOtherProcess, KilledOneIsNoticedAndItsPathIsFree) {
  Child child(Path());
  ASSERT_EQ(child.NextReport(), 'l');
  Station alice = MakeStation({});
  EXPECT_EQ(alice.transport().Listen(Path()).status().code(),
            absl::StatusCode::kAlreadyExists);
  WatchedLane lane = alice.Open(Path());
  lane.TrySend("hello");
  ASSERT_EQ(child.NextReport(), 'r');
  child.Kill();
  alice.Await([&] { return lane.lost(); });
  EXPECT_EQ(alice.Listen(Path()), Path());
}

}  // namespace
}  // namespace am::transport
