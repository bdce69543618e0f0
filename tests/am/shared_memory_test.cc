// How two instances come to share memory, and what becomes of them when that
// is not to be had, or is spoilt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "am/manager.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/transport/byte_ring.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"

namespace am {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using transport::Address;
using transport::Lane;
using transport::LaneObserver;
using transport::Scheme;
using transport::Transport;

// Has rings for those who listen, and for those who connect none, or one that
// is lost at once.
enum class Fault : std::uint8_t { kNoMemory, kLost };
class NoRings final : public Transport {
 public:
  explicit NoRings(Fault fault) : fault_(fault) {
    transport::ShmOptions options;
    options.other = *transport::MakeZmqTransport({});
    shm_ = *transport::MakeShmTransport(options);
  }
  absl::StatusOr<Address> Listen(const Address& address) override {
    return shm_->Listen(address);
  }
  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override {
    if (address.scheme() != Scheme::kShm) return shm_->Open(address, observer);
    if (fault_ == Fault::kNoMemory) {
      return absl::ResourceExhaustedError("no memory to share");
    }
    return shm_->Open(Address::Shm("/nowhere"), observer);
  }
  transport::Inbox& inbox() override { return shm_->inbox(); }
  std::size_t max_frame_bytes() const override {
    return shm_->max_frame_bytes();
  }

 private:
  const Fault fault_;
  std::unique_ptr<Transport> shm_;
};

class SharedMemoryTest : public testing::Test {
 protected:
  static std::unique_ptr<Manager> Make(ManagerOptions options) {
    auto made = Manager::Make(std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  void Start(ManagerOptions server, ManagerOptions client) {
    server_ = Make(std::move(server));
    client_ = Make(std::move(client));
    EXPECT_TRUE(server_
                    ->RegisterAck("count",
                                  [this](Context&, const std::string&) {
                                    ++counted_;
                                    return absl::OkStatus();
                                  })
                    .ok());
  }

  // Connects by the first address of the server's.
  void Connect() {
    const auto peer =
        client_->client().Connect(server_->addresses().front().ToString());
    ASSERT_TRUE(peer.ok()) << peer.status();
  }
  absl::Status Count(const std::string& payload = "") {
    return client_->client()
        .Message("count")
        .Payload(payload)
        .SendAndConfirm(server_->instance_id())
        .Await();
  }
  std::string Way() {
    return client_->node()
        .peers()
        .Find(server_->instance_id())
        ->link()
        .address();
  }

  std::string Detour() {
    return client_->node().peers().Find(server_->instance_id())->detour();
  }

  const ManagerOptions alone_ = {.share_memory = false};
  const ManagerOptions both_ = {.listen = {"tcp://127.0.0.1:0", "shm://"}};
  std::atomic<int> counted_ = 0;
  std::unique_ptr<Manager> server_;
  std::unique_ptr<Manager> client_;
};

TEST_F(SharedMemoryTest, WhoeverConnectsByAnotherWayMovesToIt) {
  Start(both_, {.listen = {"shm://"}});
  Connect();
  EXPECT_THAT(Way(), StartsWith("shm://"));
  EXPECT_EQ(Detour(), "");
  EXPECT_TRUE(Count().ok());
}

TEST_F(SharedMemoryTest, ItComesByDefault) {
  Start({}, {});
  Connect();
  EXPECT_THAT(Way(), StartsWith("shm://"));
  EXPECT_TRUE(Count().ok());
}

TEST_F(SharedMemoryTest, BothSidesMustBeWilling) {
  Start(both_, alone_);
  Connect();
  EXPECT_THAT(Way(), StartsWith("ipc://"));
  EXPECT_TRUE(Count().ok());
  server_.reset();
  Start(alone_, both_);
  Connect();
  EXPECT_THAT(Way(), StartsWith("ipc://"));
}

TEST_F(SharedMemoryTest, WhoCannotHaveItStaysWhereHeIs) {
  ManagerOptions client = both_;
  client.transport = std::make_shared<NoRings>(Fault::kNoMemory);
  Start(both_, client);
  Connect();
  EXPECT_THAT(Way(), StartsWith("tcp://"));
  EXPECT_EQ(Detour(), "no memory to share");
  EXPECT_TRUE(Count().ok());
}

TEST_F(SharedMemoryTest, WhoCannotHaveItGoesAnotherWayAtOnce) {
  ManagerOptions client = both_;
  client.transport = std::make_shared<NoRings>(Fault::kNoMemory);
  Start(both_, client);
  ASSERT_TRUE(client_->client().Connect(server_->peer_info()).ok());
  EXPECT_THAT(Way(), StartsWith("ipc://"));
  EXPECT_TRUE(Count().ok());
}

// What it said there of the way back is said again, elsewhere.
TEST_F(SharedMemoryTest, WhoLosesItInTheHandshakeAnswersAnotherWayAtOnce) {
  ManagerOptions server = both_;
  server.transport = std::make_shared<NoRings>(Fault::kLost);
  Start(server, both_);
  const auto peer = client_->client().Connect(
      server_->addresses().front().ToString(), absl::Seconds(1));
  ASSERT_TRUE(peer.ok()) << peer.status();
  EXPECT_TRUE(Count().ok());
}

TEST_F(SharedMemoryTest, WhoLosesItWhenHeConnectsGoesAnotherWayAtOnce) {
  ManagerOptions client = both_;
  client.transport = std::make_shared<NoRings>(Fault::kLost);
  Start(both_, client);
  Connect();
  EXPECT_THAT(Way(), StartsWith("tcp://"));
  EXPECT_THAT(Detour(), HasSubstr("/nowhere"));
  EXPECT_TRUE(Count().ok());
}

// A mapping of a ring in this process.
struct Mapping {
  transport::RingHead* head = nullptr;
  std::size_t bytes = 0;
};

std::vector<Mapping> MappedRings() {
  std::ifstream maps("/proc/self/maps");
  std::vector<Mapping> rings;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (absl::StrContains(line, "am-ring") &&
        std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2) {
      rings.push_back(
          {reinterpret_cast<transport::RingHead*>(begin), end - begin});
    }
  }
  return rings;
}

// Both live in this process, where each maps both rings.
TEST_F(SharedMemoryTest, APeerTakesNoMoreThanAMebibyte) {
  Start(both_, both_);
  Connect();
  ASSERT_THAT(Way(), StartsWith("shm://"));
  ASSERT_TRUE(Count(std::string(1 << 20, 'x')).ok());
  std::size_t bytes = 0;
  for (const Mapping& ring : MappedRings()) bytes += ring.bytes;
  EXPECT_GT(bytes, 0u);
  EXPECT_LE(bytes, std::size_t{2} << 20);
}

// Makes nonsense of what the reader of a ring says, of that one in this process
// to which most was written: the client's.
bool ScribbleOverBusiestRing() {
  const std::vector<Mapping> rings = MappedRings();
  const auto busiest =
      absl::c_max_element(rings, [](const Mapping& a, const Mapping& b) {
        return a.head->written < b.head->written;
      });
  if (busiest == rings.end()) return false;
  busiest->head->read = ~std::uint64_t{0} / 4;
  return true;
}

// What the reader says of itself next mends it; so it may take some tries.
TEST_F(SharedMemoryTest, WhenItIsSpoiltCallsGoOnByAnotherWay) {
  Start(both_, both_);
  Connect();
  const std::string large(1 << 20, 'x');  // The writer has to look for room.
  ASSERT_TRUE(Count(large).ok());
  int calls = 1;
  while (absl::StartsWith(Way(), "shm://") && calls < 1000) {
    ASSERT_TRUE(ScribbleOverBusiestRing());
    ASSERT_TRUE(Count(large).ok()) << calls;
    ++calls;
  }
  EXPECT_THAT(Way(), StartsWith("ipc://"));
  EXPECT_THAT(Detour(), EndsWith("a count that makes no sense"));
  EXPECT_EQ(counted_, calls);
}

}  // namespace
}  // namespace am
