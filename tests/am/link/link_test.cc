#include "am/link/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "am/link/gathering.h"
#include "am/transport/transport.h"
#include "am/wire/wire.h"
#include "tests/am/link/link_fixture.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::SendResult;

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

// So that the peer works on some while the burst goes on.
TEST_F(LinkTest, WhereFramesAreCheapALongBurstLeavesInSeveral) {
  transport_.state.has_cheap_frames = true;
  Attach(kSession, 100);
  driver_.in_burst = true;
  SendOneWay(2 * kMessagesWorthAFrame + 1);
  EXPECT_THAT(MessagesPerFrame(),
              ElementsAre(kMessagesWorthAFrame, kMessagesWorthAFrame));
  driver_.EndBurst();
  EXPECT_EQ(MessagesPerFrame().back(), 1u);
}

TEST_F(LinkTest, MessagesBeyondTheWindowWaitForCounts) {
  Attach();
  link_->BeginInbound(3);
  SendOneWay(6);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(Receive(4), Link::Verdict::kTake);
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(1, 1, 1, 1, 2));
  EXPECT_EQ(Header(4).first_sequence, 5u);
}

TEST_F(LinkTest, AFrameLargerThanTheWindowPassesWhenNothingIsUncounted) {
  Attach(kSession, 1);
  link_->BeginInbound(3);
  driver_.in_burst = true;
  SendOneWay(3);
  driver_.EndBurst();
  EXPECT_THAT(MessagesPerFrame(), ElementsAre(3));
}

TEST_F(LinkTest, AFullQueueRefusesAndSaysWhenThereIsRoom) {
  Attach();
  link_->BeginInbound(3);
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
  EXPECT_TRUE(Send(MessageKind::kReply).ok());
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
  link_->BeginInbound(3);
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
  link_->BeginInbound(4);
  EXPECT_EQ(Receive(0), Link::Verdict::kWrongSession);
}

TEST_F(LinkTest, DuplicatesAreRefused) {
  Attach();
  link_->BeginInbound(3);
  EXPECT_EQ(Receive(0, 2, 1), Link::Verdict::kTake);
  EXPECT_EQ(Receive(0, 2, 1), Link::Verdict::kOutOfOrder);
  EXPECT_EQ(Receive(0, 1, 3), Link::Verdict::kTake);
  EXPECT_EQ(link_->BeginInbound(5).count, 3u);
}

TEST_F(LinkTest, AGapEndsTheSession) {
  Attach();
  link_->BeginInbound(3);
  EXPECT_EQ(Receive(0, 2, 1), Link::Verdict::kTake);
  EXPECT_EQ(Receive(0, 1, 4), Link::Verdict::kGap);
  EXPECT_EQ(Receive(0, 1, 3), Link::Verdict::kWrongSession);
  EXPECT_EQ(link_->BeginInbound(4).count, 2u);
}

TEST_F(LinkTest, AFrameWithoutNumberedMessagesShowsAGapToo) {
  Attach();
  link_->BeginInbound(3);
  EXPECT_EQ(Receive(0, 0, 1), Link::Verdict::kTake);
  EXPECT_EQ(Receive(0, 0, 2), Link::Verdict::kGap);
}

TEST_F(LinkTest, APingIsAnsweredWithTheCountsToo) {
  Attach();
  link_->BeginInbound(3);
  link_->CountInbound(&InboundCounts::delivered);
  link_->SendOwedCounts();
  link_->AnswerPing(1);
  EXPECT_THAT(Kinds(1), ElementsAre(MessageKind::kPong, MessageKind::kCounts));
}

TEST_F(LinkTest, CountsAreReturnedAfterAQuarterOfTheWindow) {
  Attach();
  link_->BeginInbound(3);
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
  link_->BeginInbound(3);
  EXPECT_EQ(Receive(0, 1, 1), Link::Verdict::kTake);
  SendOneWay(1);
  EXPECT_EQ(Header(0).counted_session, 3u);
  EXPECT_EQ(Header(0).counted, 1u);
}

// accepted = delivered + drops by cause + in doubt + in flight, whatever
// happens to the session.
TEST_F(LinkTest, TheLedgerAddsUpWhenASessionEnds) {
  Attach();
  link_->BeginInbound(3);
  SendOneWay(10);  // 4 sent, 6 queued
  InboundCounts counts;
  counts.delivered = 2;
  counts.rejected = 1;
  EXPECT_TRUE(link_->OnCounts(counts));
  EXPECT_EQ(link_->ledger().in_flight(), 7u);
  link_->Lose();
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
  EXPECT_TRUE(link_->Settle({.since = kSession}));
  SendOneWay(1);
  EXPECT_EQ(Header(2).session, kSession + 1);
  EXPECT_EQ(Header(2).first_sequence, 1u);
}

}  // namespace
}  // namespace am
