// A link whose connection is lost: what waits, what is sent again, what the
// ledger says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "am/link/link.h"
#include "am/transport/transport.h"
#include "am/wire/wire.h"
#include "tests/am/link/link_fixture.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::SendResult;

using LinkCutsTest = LinkTest;

TEST_F(LinkCutsTest, SendsWaitWhileTheConnectionIsLost) {
  Attach();
  link_->Suspend(kSession);
  SendOneWay(2);
  EXPECT_THAT(MessagesPerFrame(), IsEmpty());
  Attach(kSession + 1);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(2));
}

TEST_F(LinkCutsTest, SuspendingAnotherSessionChangesNothing) {
  Attach();
  link_->Suspend(kSession - 1);
  SendOneWay(1);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1));
}

TEST_F(LinkCutsTest, NothingLeavesBeforeTheSessionBeforeIsSettled) {
  Attach();
  SendOneWay(1);
  link_->Suspend(kSession);
  Attach(kSession + 1);
  SendOneWay(1);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1));
  EXPECT_TRUE(link_->Settle({kSession, kSession, 1, {}}));
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1));
}

TEST_F(LinkCutsTest, CallsThatDidNotArriveAreSentAgainBeforeAllElse) {
  Attach();
  ASSERT_TRUE(Send(MessageKind::kCall, 1).ok());
  ASSERT_TRUE(Send(MessageKind::kAckCall, 2).ok());
  link_->Suspend(kSession);
  ASSERT_TRUE(Send(MessageKind::kReply, 3).ok());
  Attach(kSession + 1);
  EXPECT_TRUE(link_->Settle({kSession, kSession, 1, {}}));
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Kinds(2), ElementsAre(MessageKind::kAckCall));
  EXPECT_THAT(Kinds(3), ElementsAre(MessageKind::kReply));
}

TEST_F(LinkCutsTest, OneWayMessagesThatDidNotArriveAreLostAndCounted) {
  Attach();
  SendOneWay(3);
  link_->Suspend(kSession);
  EXPECT_EQ(link_->ledger().in_flight(), 3u);
  Attach(kSession + 1);
  EXPECT_TRUE(link_->Settle({kSession, kSession, 1, {}}));
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1));
  EXPECT_EQ(link_->ledger().link_lost, 2u);
  EXPECT_EQ(link_->ledger().in_flight(), 1u);
  EXPECT_EQ(link_->ledger().in_doubt, 0u);
}

TEST_F(LinkCutsTest, ASessionInWhichNothingArrivedIsLostAsAWhole) {
  Attach();
  SendOneWay(3);
  Attach(kSession + 1);
  EXPECT_TRUE(link_->Settle({kSession, 0, 0, {}}));
  EXPECT_EQ(link_->ledger().link_lost, 3u);
}

TEST_F(LinkCutsTest, DoubtEndsWhenALostPeerReturns) {
  Attach();
  SendOneWay(3);
  ASSERT_TRUE(Send(MessageKind::kCall, 1).ok());
  link_->Lose();
  EXPECT_EQ(link_->ledger().in_doubt, 3u);
  Attach(kSession + 1);
  InboundCounts outcomes;
  outcomes.delivered = 2;
  EXPECT_TRUE(link_->Settle({kSession, kSession, 2, outcomes}));
  EXPECT_TRUE(link_->OnCounts(outcomes));
  EXPECT_EQ(link_->ledger().in_doubt, 0u);
  EXPECT_EQ(link_->ledger().in_flight(), 0u);
  EXPECT_EQ(link_->ledger().link_lost, 1u);
  EXPECT_EQ(link_->ledger().received.delivered, 2u);
  // The call ended when the peer was lost: only GAVE_UP followed.
  EXPECT_THAT(Kinds(4), ElementsAre(MessageKind::kGaveUp));
  EXPECT_EQ(transport_.state.frames.size(), 5u);
}

TEST_F(LinkCutsTest, APeerThatForgotUsLeavesItsPastInDoubt) {
  Attach();
  EXPECT_TRUE(link_->Settle({.since = kSession}));
  SendOneWay(3);
  InboundCounts outcomes;
  outcomes.delivered = 1;
  EXPECT_TRUE(link_->OnCounts(outcomes));
  link_->Lose();
  Attach(kSession + 5);
  EXPECT_TRUE(link_->Settle({.since = kSession + 5}));
  SendOneWay(1);
  EXPECT_TRUE(link_->OnCounts(outcomes));
  EXPECT_EQ(link_->ledger().received.delivered, 2u);
  EXPECT_EQ(link_->ledger().in_doubt, 2u);
  EXPECT_EQ(link_->ledger().in_flight(), 0u);
}

TEST_F(LinkCutsTest, WhatWasToldToTheInstanceThatWeForgotIsNotOurs) {
  Attach();
  InboundCounts outcomes;
  outcomes.delivered = 9;
  EXPECT_TRUE(link_->Settle({kSession - 2, kSession - 1, 9, outcomes}));
  SendOneWay(1);
  ++outcomes.delivered;
  EXPECT_TRUE(link_->OnCounts(outcomes));
  EXPECT_EQ(link_->ledger().received.delivered, 1u);
}

TEST_F(LinkCutsTest, AFinalCountThatMakesNoSenseIsRefused) {
  Attach();
  link_->BeginInbound(3);
  SendOneWay(3);
  EXPECT_EQ(Receive(2), Link::Verdict::kTake);
  Attach(kSession + 1);
  EXPECT_FALSE(link_->Settle({kSession, kSession, 1, {}}));
  EXPECT_FALSE(link_->Settle({kSession, kSession, 4, {}}));
  EXPECT_FALSE(link_->Settle({kSession, kSession - 1, 3, {}}));
  EXPECT_TRUE(link_->Settle({kSession, kSession, 3, {}}));
}

TEST_F(LinkCutsTest, OutcomesThatGoBackAreRefused) {
  Attach();
  SendOneWay(3);
  EXPECT_TRUE(link_->OnCounts({.delivered = 2, .rejected = 1}));
  EXPECT_FALSE(link_->OnCounts({.delivered = 3, .rejected = 0}));
}

TEST_F(LinkCutsTest, TimeInTheQueueIsTakenOffTheBudget) {
  Attach(kSession, 1);
  link_->BeginInbound(3);
  MessageHeader header;
  header.budget = ToBudget(absl::Seconds(3));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(link_->Send(header, {}, Payload(), clock_.now).ok());
    clock_.now += absl::Seconds(1);
  }
  EXPECT_EQ(Receive(1), Link::Verdict::kTake);
  const auto budget = [this](std::size_t index) {
    MessageHeader sent;
    std::memcpy(&sent,
                transport_.state.frames.at(index).data() + sizeof(FrameHeader),
                sizeof(sent));
    return FromBudget(sent.budget);
  };
  EXPECT_EQ(budget(0), absl::Seconds(3));
  EXPECT_EQ(budget(1), absl::Seconds(2));
}

TEST_F(LinkCutsTest, ALanesRefusalDuringALossDoesNotCountTwice) {
  Attach();
  transport_.state.result = SendResult::kClosed;
  SendOneWay(2);
  link_->Suspend(kSession);
  transport_.state.result = SendResult::kSent;
  Attach(kSession + 1);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1));
  EXPECT_EQ(link_->ledger().in_flight(), 2u);
}

}  // namespace
}  // namespace am
