#include "am/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "am/transport/transport.h"
#include "am/wire.h"
#include "tests/am/fake_driver.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::SendResult;

// A transport whose lanes write down what they are given.
class ScriptedTransport final : public transport::Transport {
 public:
  struct State {
    SendResult result = SendResult::kSent;
    std::vector<std::string> frames;
  };

  absl::StatusOr<transport::Address> Listen(
      const transport::Address& address) override {
    return address;
  }
  absl::StatusOr<std::unique_ptr<transport::Lane>> Open(
      const transport::Address&, transport::LaneObserver&) override {
    return std::make_unique<ScriptedLane>(state);
  }
  transport::Inbox& inbox() override { std::abort(); }
  std::size_t max_frame_bytes() const override { return 1 << 20; }

  State state;

 private:
  class ScriptedLane final : public transport::Lane {
   public:
    explicit ScriptedLane(State& state) : state_(state) {}
    SendResult TrySend(const transport::OutboundFrame& frame) override {
      if (state_.result == SendResult::kSent) {
        state_.frames.emplace_back(frame.head);
      }
      return state_.result;
    }

   private:
    State& state_;
  };
};

class NoEvents final : public ConnectionEvents {
  void OnWritable(std::uint32_t) override {}
  void OnLost(std::uint32_t, std::string) override {}
};

class LinkTest : public testing::Test {
 protected:
  static constexpr InstanceId kSelf{1};
  static constexpr InstanceId kPeer{2};
  static constexpr std::uint32_t kSession = 7;

  static LinkOptions Options() {
    LinkOptions options;
    options.queue_messages = 8;
    options.window_messages = 8;
    return options;
  }

  // A session whose peer grants a window of `messages`.
  void Attach(std::uint32_t session = kSession, std::uint32_t messages = 4) {
    FrameHeader handshake;
    handshake.credit_messages = messages;
    handshake.credit_bytes = 1 << 20;
    link_->Attach(
        *Connection::Open(transport_, transport::Address::InProcess("peer"),
                          session, events_),
        handshake);
  }

  absl::Status SendOneWay() {
    return link_->Send({}, {}, Payload::Borrow("x"));
  }
  void SendOneWay(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(SendOneWay().ok());
  }

  // The peer counts `counted` of our messages, with `numbered` of its own.
  Link::Verdict Receive(std::uint64_t counted, std::uint32_t numbered = 0,
                        std::uint64_t first = 1) {
    FrameHeader header;
    header.session = 3;
    header.counted_session = kSession;
    header.counted = counted;
    header.first_sequence = first;
    header.credit_messages = 4;
    header.credit_bytes = 1 << 20;
    return link_->OnFrame(header, numbered, 100, absl::UnixEpoch());
  }

  FrameHeader Header(std::size_t index) const {
    FrameHeader header;
    std::memcpy(&header, transport_.state.frames.at(index).data(),
                sizeof(header));
    return header;
  }
  std::vector<std::uint32_t> MessagesPerFrame() const {
    std::vector<std::uint32_t> counts;
    for (std::size_t i = 0; i < transport_.state.frames.size(); ++i) {
      counts.push_back(Header(i).message_count);
    }
    return counts;
  }

  ScriptedTransport transport_;
  NoEvents events_;
  FakeDriver driver_;
  std::vector<std::uint64_t> roomy_;
  std::shared_ptr<Link> link_ = std::make_shared<Link>(
      Options(), kSelf, kPeer, driver_,
      [this](const std::vector<std::uint64_t>& waiters) { roomy_ = waiters; });
};

TEST_F(LinkTest, WithoutASessionSendsAreRefused) {
  EXPECT_EQ(SendOneWay().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(link_->ledger().refused, 1u);
}

TEST_F(LinkTest, AnIdleLinkSendsAtOnce) {
  Attach();
  SendOneWay(1);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1));
  EXPECT_EQ(Header(0).session, kSession);
  EXPECT_EQ(Header(0).first_sequence, 1u);
}

TEST_F(LinkTest, ABurstLeavesInOneFrame) {
  Attach();
  driver_.in_burst = true;
  SendOneWay(3);
  EXPECT_THAT(MessagesPerFrame(), IsEmpty());
  EXPECT_EQ(driver_.deferred(), 1u);
  driver_.EndBurst();
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(3));
}

TEST_F(LinkTest, MessagesBeyondTheWindowWaitForCounts) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  SendOneWay(6);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(Receive(4), Link::Verdict::kTake);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1, 2));
  EXPECT_EQ(Header(4).first_sequence, 5u);
}

TEST_F(LinkTest, AFrameLargerThanTheWindowPassesWhenNothingIsUncounted) {
  Attach(kSession, 1);
  link_->BeginInbound(3, absl::UnixEpoch());
  driver_.in_burst = true;
  SendOneWay(3);
  driver_.EndBurst();
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(3));
}

TEST_F(LinkTest, AFullQueueRefusesAndSaysWhenThereIsRoom) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  SendOneWay(12);  // 4 in the window, 8 queued
  EXPECT_EQ(SendOneWay().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(link_->AwaitRoom(42));
  EXPECT_EQ(Receive(4), Link::Verdict::kTake);
  EXPECT_THAT(roomy_, ElementsAre(42));
  EXPECT_FALSE(link_->AwaitRoom(43));
}

TEST_F(LinkTest, RepliesAreNeverRefused) {
  Attach();
  SendOneWay(12);
  MessageHeader reply;
  reply.kind = MessageKind::kReply;
  EXPECT_TRUE(link_->Send(reply, {}, Payload()).ok());
}

TEST_F(LinkTest, ABlockedLaneKeepsTheOrder) {
  Attach();
  transport_.state.result = SendResult::kWouldBlock;
  SendOneWay(3);
  transport_.state.result = SendResult::kSent;
  link_->OnWritable(kSession);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 2));
  EXPECT_EQ(Header(0).first_sequence, 1u);
  EXPECT_EQ(Header(1).first_sequence, 2u);
}

TEST_F(LinkTest, ControlPassesAFullWindow) {
  Attach();
  SendOneWay(6);
  link_->SendControl(MessageKind::kPong, 0, Payload());
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_EQ(Header(4).first_sequence, 5u);
}

TEST_F(LinkTest, CountsOfWhatWasNeverSentAreRefused) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  SendOneWay(2);
  EXPECT_EQ(Receive(3), Link::Verdict::kBadCounts);
  EXPECT_EQ(Receive(2), Link::Verdict::kTake);
  EXPECT_TRUE(link_->Settled());
}

TEST_F(LinkTest, OutcomesOfMoreThanWasSentAreRefused) {
  Attach();
  SendOneWay(2);
  InboundCounts counts;
  counts.delivered = 3;
  EXPECT_FALSE(link_->OnCounts(counts));
  EXPECT_EQ(link_->ledger().received.delivered, 0u);
}

TEST_F(LinkTest, FramesOfAnotherSessionAreRefused) {
  Attach();
  link_->BeginInbound(4, absl::UnixEpoch());
  EXPECT_EQ(Receive(0), Link::Verdict::kWrongSession);
}

TEST_F(LinkTest, DuplicatesAndGapsAreRefused) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  EXPECT_EQ(Receive(0, 2, 1), Link::Verdict::kTake);
  EXPECT_EQ(Receive(0, 2, 1), Link::Verdict::kOutOfOrder);
  EXPECT_EQ(Receive(0, 1, 4), Link::Verdict::kOutOfOrder);
  EXPECT_EQ(Receive(0, 1, 3), Link::Verdict::kTake);
  EXPECT_EQ(link_->BeginInbound(5, absl::UnixEpoch()), 3u);
}

TEST_F(LinkTest, CountsAreReturnedAfterAQuarterOfTheWindow) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  EXPECT_EQ(Receive(0, 1, 1), Link::Verdict::kTake);
  EXPECT_THAT(MessagesPerFrame(), IsEmpty());
  EXPECT_TRUE(link_->owes_counts());
  EXPECT_EQ(Receive(0, 1, 2), Link::Verdict::kTake);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1));
  EXPECT_EQ(Header(0).counted, 2u);
  EXPECT_FALSE(link_->owes_counts());
}

TEST_F(LinkTest, CountsRideOnWhatGoesTheOtherWay) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  EXPECT_EQ(Receive(0, 1, 1), Link::Verdict::kTake);
  SendOneWay(1);
  EXPECT_EQ(Header(0).counted_session, 3u);
  EXPECT_EQ(Header(0).counted, 1u);
}

// accepted = delivered + drops by cause + in doubt + in flight, whatever
// happens to the session.
TEST_F(LinkTest, TheLedgerAddsUpWhenASessionEnds) {
  Attach();
  link_->BeginInbound(3, absl::UnixEpoch());
  SendOneWay(10);  // 4 sent, 6 queued
  InboundCounts counts;
  counts.delivered = 2;
  counts.rejected = 1;
  EXPECT_TRUE(link_->OnCounts(counts));
  EXPECT_EQ(link_->ledger().in_flight(), 7u);
  link_->Detach(kSession);
  const Ledger ledger = link_->ledger();
  EXPECT_EQ(ledger.accepted, 10u);
  EXPECT_EQ(ledger.received.delivered, 2u);
  EXPECT_EQ(ledger.received.rejected, 1u);
  EXPECT_EQ(ledger.in_doubt, 1u);
  EXPECT_EQ(ledger.link_lost, 6u);
  EXPECT_EQ(ledger.in_flight(), 0u);
}

TEST_F(LinkTest, ANewSessionNumbersFromOne) {
  Attach();
  SendOneWay(2);
  Attach(kSession + 1);
  SendOneWay(1);
  EXPECT_EQ(Header(2).session, kSession + 1);
  EXPECT_EQ(Header(2).first_sequence, 1u);
}

}  // namespace
}  // namespace am
