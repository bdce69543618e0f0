// The way onto shared memory, and off it, cut where a test wants it to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/clock.h"
#include "am/manager.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/transport/faulty_transport.h"
#include "am/transport/mutex.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"
#include "am/v1/node.pb.h"
#include "tests/am/event.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using transport::Address;
using transport::CutKind;
using transport::FaultyTransport;
using transport::Lane;
using transport::LaneObserver;
using transport::OutboundFrame;
using transport::Scheme;
using transport::SendResult;
using transport::Transport;

// A frame of those that an instance writes to shared memory, from 1 on, with
// which that is lost for good, just after or just before it has arrived.
struct Step {
  int frame = 0;
  bool arrives = false;
};

// ZeroMQ and shared memory, which tests cut, or a step does.
class Cuttable final : public Transport {
 public:
  explicit Cuttable(std::optional<Step> step = std::nullopt)
      : step_(step), faults_(Both(), {}, [this] { return clock_.Now(); }) {}

  FaultyTransport& faults() { return faults_; }
  bool was_cut() const { return was_cut_; }

  // Has the next frame that is written to shared memory vanish.
  void SwallowNext() { swallows_ = true; }
  Tally& swallowed() { return swallowed_; }

  // Connections over unix sockets that were begun.
  Tally& opened_ipc() { return opened_ipc_; }

  absl::StatusOr<Address> Listen(const Address& address) override {
    return faults_.Listen(address);
  }
  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override {
    auto lane = faults_.Open(address, observer);
    if (address.scheme() == Scheme::kIpc) opened_ipc_.Add();
    if (!lane.ok() || address.scheme() != Scheme::kShm) return lane;
    return std::make_unique<Counted>(*this, address, *std::move(lane));
  }
  transport::Inbox& inbox() override { return faults_.inbox(); }
  std::size_t max_frame_bytes() const override {
    return faults_.max_frame_bytes();
  }

 private:
  class Counted final : public Lane {
   public:
    Counted(Cuttable& of, const Address& to, std::unique_ptr<Lane> lane)
        : of_(of), to_(to), lane_(std::move(lane)) {}
    SendResult TrySend(const OutboundFrame& frame) override {
      return of_.TrySend(to_, *lane_, frame);
    }

   private:
    Cuttable& of_;
    const Address to_;
    const std::unique_ptr<Lane> lane_;
  };

  static std::unique_ptr<Transport> Both() {
    transport::ShmOptions options;
    options.other = *transport::MakeZmqTransport({});
    return *transport::MakeShmTransport(options);
  }

  SendResult TrySend(const Address& to, Lane& lane,
                     const OutboundFrame& frame) {
    if (swallows_.exchange(false)) {
      swallowed_.Add();
      return SendResult::kSent;
    }
    if (!step_.has_value() || ++frames_ != step_->frame) {
      return lane.TrySend(frame);
    }
    if (!step_->arrives) faults_.Cut(to, CutKind::kSilent);
    const SendResult result = lane.TrySend(frame);
    faults_.Cut(to, CutKind::kLoud);
    was_cut_ = true;
    return result;
  }

  const std::optional<Step> step_;
  const SteadyClock clock_;
  FaultyTransport faults_;
  std::atomic<int> frames_ = 0;
  std::atomic<bool> was_cut_ = false;
  std::atomic<bool> swallows_ = false;
  Tally swallowed_;
  Tally opened_ipc_;
};

class MemoryCutsTest : public testing::Test {
 protected:
  // An instance with this transport.
  static std::unique_ptr<Manager> Make(std::shared_ptr<Cuttable> transport,
                                       ManagerOptions options = {}) {
    options.listen = {"tcp://127.0.0.1:0", "ipc://", "shm://"};
    options.transport = std::move(transport);
    auto made = Manager::Make(std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  void Start(ManagerOptions client = {}) {
    server_ = Make(of_server_);
    client_ = Make(of_client_, std::move(client));
    ASSERT_TRUE(
        server_
            ->RegisterNoReturn("note",
                               [this](Context&, const std::string& number) {
                                 MutexLock lock(mutex_);
                                 noted_.push_back(std::stoi(number));
                               },
                               {.ordered = true})
            .ok());
    client_->OnPeerEvent([this](const PeerEvent& event) { Note(event); });
  }

  // By tcp, to begin with.
  absl::Status Connect() {
    return client_->client()
        .Connect(server_->addresses().front().ToString())
        .status();
  }

  Address AddressOf(Scheme scheme) const {
    const std::vector<Address> all = server_->addresses();
    return *absl::c_find_if(all, [scheme](const Address& address) {
      return address.scheme() == scheme;
    });
  }

  // The server, to the client, until BeHeard: nothing is answered, and it
  // cannot be reached elsewhere.
  void BeSilent() {
    of_client_->faults().Cut(AddressOf(Scheme::kShm), CutKind::kSilent);
    of_client_->faults().Cut(AddressOf(Scheme::kIpc), CutKind::kLoud);
  }
  void BeHeard() {
    of_client_->faults().Heal(AddressOf(Scheme::kShm));
    of_client_->faults().Heal(AddressOf(Scheme::kIpc));
  }

  std::string Way() const { return WayOf(*client_, *server_); }
  static std::string WayOf(Manager& from, const Manager& to) {
    return from.node().peers().Find(to.instance_id())->link().address();
  }

  // Messages to the server, with calls among them, which all must succeed.
  // Returns those that were sent.
  std::vector<int> SendNotes(int count) {
    std::vector<int> sent;
    for (int i = 0; i < count; ++i) {
      const absl::Status status = client_->client()
                                      .Message("note")
                                      .Payload(absl::StrCat(i))
                                      .SendDetached(server_->instance_id());
      if (status.ok()) sent.push_back(i);
      EXPECT_TRUE(Reaches()) << i;
    }
    return sent;
  }
  bool Reaches() {
    return client_->client().HealthCheck(server_->instance_id()).Await().ok();
  }

  // Once it is all known.
  Ledger SettledLedger() {
    const std::shared_ptr<Peer> peer =
        client_->node().peers().Find(server_->instance_id());
    for (int i = 0; i < 20'000 && peer->link().ledger().in_flight() > 0; ++i) {
      EXPECT_TRUE(Reaches());
    }
    return peer->link().ledger();
  }

  std::vector<int> noted() const {
    MutexLock lock(mutex_);
    return noted_;
  }

  void Note(const PeerEvent& event) {
    if (event.state == PeerState::kLost) lost_.Add();
    if (event.state != PeerState::kJoined) return;
    {
      MutexLock lock(mutex_);
      detours_.push_back(event.detour);
    }
    joined_.Add();
  }

  // As told with each kJoined.
  std::vector<std::string> detours() const {
    MutexLock lock(mutex_);
    return detours_;
  }

  std::shared_ptr<Cuttable> of_server_ = std::make_shared<Cuttable>();
  std::shared_ptr<Cuttable> of_client_ = std::make_shared<Cuttable>();
  Tally lost_;
  Tally joined_;
  mutable Mutex mutex_;
  std::vector<int> noted_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> detours_ ABSL_GUARDED_BY(mutex_);
  std::string log_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Manager> server_;
  std::unique_ptr<Manager> client_;
};

TEST_F(MemoryCutsTest, WhyItIsNotSharedIsToldWithThePeersState) {
  Start({.log = [this](absl::string_view line) {
    MutexLock lock(mutex_);
    absl::StrAppend(&log_, line, "\n");
  }});
  of_client_->faults().Cut(AddressOf(Scheme::kShm), CutKind::kLoud);
  ASSERT_TRUE(Connect().ok());
  ASSERT_TRUE(joined_.AwaitAtLeast(1));
  EXPECT_THAT(Way(), StartsWith("tcp://"));
  EXPECT_THAT(detours(), ElementsAre(HasSubstr("cut off")));
  MutexLock lock(mutex_);
  EXPECT_THAT(log_, HasSubstr("memory is not shared with "));
}

// A busy machine is silent for a while.
constexpr LinkOptions kImpatient = {
    .heartbeat_interval = absl::Milliseconds(200),
    .heartbeat_timeout = absl::Milliseconds(400)};

TEST_F(MemoryCutsTest, WhoWasSilentSharesMemoryAgainOnceHeReturns) {
  Start({.link = kImpatient});
  ASSERT_TRUE(Connect().ok());
  ASSERT_THAT(Way(), StartsWith("shm://"));
  BeSilent();
  ASSERT_TRUE(lost_.AwaitAtLeast(1));
  BeHeard();
  ASSERT_TRUE(joined_.AwaitAtLeast(2));
  EXPECT_THAT(Way(), StartsWith("shm://"));
  EXPECT_THAT(detours(), ElementsAre("", ""));
  EXPECT_TRUE(Reaches());
}

// One attempt to return is stuck, as those are that were overtaken, and runs
// out while the peer is silent once more.
TEST_F(MemoryCutsTest, AnAttemptThatIsLateSaysNothingOfMemoryThatWorks) {
  Start({.link = kImpatient});
  ASSERT_TRUE(Connect().ok());
  BeSilent();
  ASSERT_TRUE(lost_.AwaitAtLeast(1));
  of_client_->SwallowNext();
  BeHeard();
  ASSERT_TRUE(of_client_->swallowed().AwaitAtLeast(1));
  const int opened = of_client_->opened_ipc().value();
  ASSERT_TRUE(Connect().ok());
  EXPECT_THAT(Way(), StartsWith("shm://"));
  BeSilent();
  ASSERT_TRUE(lost_.AwaitAtLeast(2));
  // Waits double from 20 ms on, and so take longer than an attempt may.
  ASSERT_TRUE(of_client_->opened_ipc().AwaitAtLeast(opened + 10));
  // The server, too, may have lost the client, and be back in vain by now.
  int joins = joined_.value();
  BeHeard();
  while (!absl::StartsWith(Way(), "shm://") && joined_.AwaitAtLeast(++joins)) {
  }
  EXPECT_THAT(Way(), StartsWith("shm://"));
}

TEST_F(MemoryCutsTest, MemoryThatIsSilentAloneIsGivenUp) {
  Start({.link = kImpatient});
  ASSERT_TRUE(Connect().ok());
  of_client_->faults().Cut(AddressOf(Scheme::kShm), CutKind::kSilent);
  ASSERT_TRUE(joined_.AwaitAtLeast(2));
  EXPECT_THAT(Way(), StartsWith("ipc://"));
  EXPECT_THAT(detours(), ElementsAre("", HasSubstr("did not answer in time")));
  EXPECT_TRUE(Reaches());
}

// Whose frames over memory are counted, and at which of them it is lost.
struct UpgradeCut {
  bool of_server = false;
  Step step;
};
class UpgradeCutTest : public MemoryCutsTest,
                       public testing::WithParamInterface<UpgradeCut> {};

std::vector<UpgradeCut> UpgradeCuts() {
  std::vector<UpgradeCut> cuts;
  for (int frame = 1; frame <= 8; ++frame) {
    for (const bool of_server : {false, true}) {
      for (const bool arrives : {false, true}) {
        cuts.push_back({of_server, {frame, arrives}});
      }
    }
  }
  return cuts;
}

std::string CutName(const testing::TestParamInfo<UpgradeCut>& info) {
  const UpgradeCut& cut = info.param;
  return absl::StrCat(cut.of_server ? "Server" : "Client",
                      cut.step.arrives ? "After" : "Before", cut.step.frame);
}
INSTANTIATE_TEST_SUITE_P(Steps, UpgradeCutTest,
                         testing::ValuesIn(UpgradeCuts()), CutName);

TEST_P(UpgradeCutTest, NothingIsLostSilentlyOrOvertaken) {
  const bool of_server = GetParam().of_server;
  const auto cut = std::make_shared<Cuttable>(GetParam().step);
  (of_server ? of_server_ : of_client_) = cut;
  Start();
  ASSERT_TRUE(Connect().ok());
  const std::vector<int> sent = SendNotes(50);
  const Ledger ledger = SettledLedger();
  EXPECT_EQ(ledger.accepted, sent.size());
  EXPECT_EQ(ledger.in_doubt, 0u) << ledger.ToString();
  EXPECT_EQ(ledger.received.delivered + ledger.link_lost, sent.size());
  const std::vector<int> ran = noted();
  EXPECT_EQ(ran.size(), ledger.received.delivered);
  EXPECT_TRUE(absl::c_is_sorted(ran));
  EXPECT_TRUE(cut->was_cut());
  EXPECT_THAT(of_server ? WayOf(*server_, *client_) : Way(),
              Not(StartsWith("shm://")));
}

}  // namespace
}  // namespace am
