// Peers that have joined and then lie about calls, sessions and counts:
// refused, counted, harmless.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "am/v1/wire.pb.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

// A manager that calls mallory, while bob is a peer as well.
class HostilePeerTest : public PlaneTest {
 protected:
  HostilePeerTest()
      : manager_(world_.MakeManager()),
        mallory_(world_, *manager_),
        bob_(world_, *manager_) {
    EXPECT_TRUE(mallory_.Join());
    EXPECT_TRUE(bob_.Join());
  }

  // A call of `peer`'s handler "any", and the id under which it arrived there.
  std::pair<Future<std::string>, std::uint64_t> Call(Stranger& peer) {
    Future<std::string> call =
        manager_->client().Message("any").Expect<std::string>().Send(peer.id());
    const auto received = peer.Await(MessageKind::kCall);
    EXPECT_TRUE(received.has_value());
    return {std::move(call), received->header.call_id};
  }

  static MessageHeader ReplyTo(std::uint64_t call_id) {
    MessageHeader reply;
    reply.kind = MessageKind::kReply;
    reply.call_id = call_id;
    return reply;
  }

  std::uint64_t LateReplies() const {
    return manager_->node().refusals().of(Refusal::kLateReply);
  }

  const std::unique_ptr<Manager> manager_;
  Stranger mallory_;
  Stranger bob_;
};
INSTANTIATE_PLANES(HostilePeerTest);

TEST_P(HostilePeerTest, ReplyOfAnotherPeerIsNotTaken) {
  auto [call, id] = Call(bob_);
  mallory_.Send(ReplyTo(id), "forged");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(LateReplies(), 1u);
  bob_.Send(ReplyTo(id), "true");
  EXPECT_EQ(call.Await().value_or(""), "true");
}

TEST_P(HostilePeerTest, SecondReplyIsNotTaken) {
  auto [call, id] = Call(mallory_);
  mallory_.Send(ReplyTo(id), "first");
  mallory_.Send(ReplyTo(id), "second");
  EXPECT_EQ(call.Await().value_or(""), "first");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(LateReplies(), 1u);
}

TEST_P(HostilePeerTest, RepliesMayComeInAnyOrder) {
  auto [first, first_id] = Call(mallory_);
  auto [second, second_id] = Call(mallory_);
  mallory_.Send(ReplyTo(second_id), "second");
  mallory_.Send(ReplyTo(first_id), "first");
  EXPECT_EQ(first.Await().value_or(""), "first");
  EXPECT_EQ(second.Await().value_or(""), "second");
}

TEST_P(HostilePeerTest, ReplyToACancelledCallIsLate) {
  std::uint64_t id = 0;
  {
    auto [call, called] = Call(mallory_);
    id = called;
  }
  mallory_.Send(ReplyTo(id), "too late");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(LateReplies(), 1u);
}

TEST_P(HostilePeerTest, CreditOfNothingStopsNobodyElse) {
  FrameHeader stingy = mallory_.NextHeader();
  stingy.credit_messages = 0;
  stingy.credit_bytes = 0;
  MessageHeader ping;
  ping.kind = MessageKind::kPing;
  mallory_.Send(stingy, ping);
  auto [call, id] = Call(bob_);
  bob_.Send(ReplyTo(id), "well");
  EXPECT_EQ(call.Await().value_or(""), "well");
}

TEST_P(HostilePeerTest, EndlessCreditIsNoHarm) {
  FrameHeader lavish = mallory_.NextHeader();
  lavish.credit_messages = 0xffffffff;
  lavish.credit_bytes = 0xffffffff;
  MessageHeader ping;
  ping.kind = MessageKind::kPing;
  mallory_.Send(lavish, ping);
  auto [call, id] = Call(mallory_);
  mallory_.Send(ReplyTo(id), "well");
  EXPECT_EQ(call.Await().value_or(""), "well");
}

// An answer to a HELLO that was answered before.
TEST_P(HostilePeerTest, SecondHelloAckSettlesNothing) {
  ASSERT_TRUE(
      manager_->client().Message("log").SendDetached(mallory_.id()).ok());
  ASSERT_TRUE(mallory_.Await(MessageKind::kNoReturn).has_value());
  v1::HelloAck forged;
  forged.set_session(mallory_.NextHeader().counted_session);
  ToProto(mallory_.info(), *forged.mutable_peer());
  forged.set_since(1'000'000);
  forged.set_closed_session(forged.session());
  forged.set_closed_count(1'000'000);
  MessageHeader ack;
  ack.kind = MessageKind::kHelloAck;
  for (int i = 0; i < 2; ++i) mallory_.Send(ack, forged.SerializeAsString());
  EXPECT_TRUE(bob_.Ping());
  const Ledger ledger =
      manager_->client().LedgerOf(mallory_.id()).value_or(Ledger());
  EXPECT_EQ(ledger.accepted, 1u);
  EXPECT_EQ(ledger.received.total(), 0u);
}

}  // namespace
}  // namespace am
