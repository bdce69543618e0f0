// What becomes of messages and calls when a connection is cut, in a simulated
// world: promises 2, 3, 5 and 8 of the design.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/simulation/simulated_world.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::CutKind;

// Alice, connected to bob, who writes down what he handles.
class CutsTest : public testing::Test {
 protected:
  CutsTest() {
    alice_ = world_.MakeManager("alice", {});
    bob_ = world_.MakeManager("bob", {});
    EXPECT_TRUE(bob_->RegisterNoReturn("log",
                                       [this](Context&, const std::string& in) {
                                         handled_.push_back(in);
                                       })
                    .ok());
    EXPECT_TRUE(bob_->RegisterAck("note",
                                  [this](Context&, const std::string& in) {
                                    handled_.push_back(in);
                                    return absl::OkStatus();
                                  })
                    .ok());
    // Notes its text, and ends after a second.
    EXPECT_TRUE(
        bob_->RegisterAck(
                "slow",
                [this](Context&, const std::string& in) -> Task<absl::Status> {
                  handled_.push_back(in);
                  co_await Future<void>(
                      bob_->node().AwaitHandler("never", absl::Seconds(1)));
                  co_return absl::OkStatus();
                })
            .ok());
    EXPECT_TRUE(alice_->client().Connect("inproc://bob").ok());
  }

  void Tell(absl::string_view text) {
    EXPECT_TRUE(alice_->client()
                    .Message("log")
                    .Payload(text)
                    .SendDetached(bob_->instance_id())
                    .ok());
  }
  Future<void> Call(absl::string_view handler, absl::string_view text) {
    return alice_->client().Message(handler).Payload(text).SendAndConfirm(
        bob_->instance_id());
  }

  const Peer& PeerOf(Manager& manager, const Manager& other) {
    peer_ = manager.node().peers().Find(other.instance_id());
    return *peer_;
  }
  Ledger AliceLedger() {
    return alice_->client().LedgerOf(bob_->instance_id()).value_or(Ledger());
  }

  // Cuts only what alice sends, or only what bob does, for less time than it
  // takes to be noticed by silence; the lanes die of it when it ends.
  void CutBriefly(const std::string& from, const std::string& to) {
    world_.CutOneWay(from, to, CutKind::kLoud);
    world_.Heal(from, to);
  }

  std::vector<std::string> events_;
  SimulatedWorld world_{1};
  std::unique_ptr<Manager> alice_;
  std::unique_ptr<Manager> bob_;
  std::vector<std::string> handled_;
  std::shared_ptr<Peer> peer_;
};

TEST_F(CutsTest, AfterABriefCutThePeerIsJoinedAgain) {
  CutBriefly("alice", "bob");
  world_.Run(absl::Milliseconds(1));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kJoined);
  EXPECT_TRUE(Call("note", "a").Await().ok());
}

TEST_F(CutsTest, ACallThatDidNotArriveIsSentAgainOverABriefCut) {
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Future<void> call = Call("note", "a");
  world_.Run(absl::Milliseconds(1));
  EXPECT_THAT(handled_, IsEmpty());
  world_.Heal("alice", "bob");
  CutBriefly("alice", "bob");
  EXPECT_TRUE(call.Await().ok());
  EXPECT_THAT(handled_, ElementsAre("a"));
}

TEST_F(CutsTest, ACallLostOnALaneThatLivesIsSentAgainWhenThatIsSeen) {
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Future<void> lost = Call("note", "a");
  world_.Run(absl::Milliseconds(1));
  world_.Heal("alice", "bob");
  EXPECT_TRUE(Call("note", "b").Await().ok());
  EXPECT_TRUE(lost.Await().ok());
  EXPECT_THAT(handled_, ElementsAre("a", "b"));
}

TEST_F(CutsTest, ALostCallIsMissedAlsoIfNothingFollowsIt) {
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Future<void> lost = Call("note", "a");
  world_.Run(absl::Milliseconds(1));
  world_.Heal("alice", "bob");
  EXPECT_TRUE(lost.Await().ok());
}

// Bob returns to alice, who did not try; his answer to her HELLO is lost. It
// depends on chance who moves first, hence the rounds.
TEST_F(CutsTest, ALostAnswerToAHelloIsAskedForAgain) {
  for (int round = 0; round < 8; ++round) {
    world_.CutOneWay("alice", "bob", CutKind::kSilent);
    Tell("lost");
    EXPECT_TRUE(alice_->client().Disconnect(bob_->instance_id()).ok());
    world_.Heal("alice", "bob");
    const Peer& bob = PeerOf(*alice_, *bob_);
    ASSERT_TRUE(world_.RunUntil(
        [&] { return bob.state() == PeerState::kJoined; }, absl::Minutes(1)));
    world_.CutOneWay("bob", "alice", CutKind::kSilent);
    world_.Run(absl::Milliseconds(10));
    world_.Heal("bob", "alice");
    world_.Run(absl::Seconds(5));
    EXPECT_TRUE(Call("note", "a").Await().ok()) << round;
    EXPECT_EQ(AliceLedger().in_doubt, 0u);
  }
}

TEST_F(CutsTest, CountsThatWereLostAreToldAgain) {
  Tell("a");
  world_.CutOneWay("bob", "alice", CutKind::kSilent);
  world_.Run(absl::Milliseconds(100));
  world_.Heal("bob", "alice");
  world_.Run(absl::Seconds(3));
  EXPECT_EQ(AliceLedger().received.delivered, 1u);
}

TEST_F(CutsTest, ALostReplyIsSentAgainOverABriefCut) {
  world_.CutOneWay("bob", "alice", CutKind::kSilent);
  Future<void> call = Call("note", "a");
  world_.Run(absl::Milliseconds(1));
  EXPECT_THAT(handled_, ElementsAre("a"));
  world_.Heal("bob", "alice");
  CutBriefly("bob", "alice");
  EXPECT_TRUE(call.Await().ok());
  EXPECT_THAT(handled_, ElementsAre("a"));
}

TEST_F(CutsTest, OneWayMessagesThatDidNotArriveAreLostAndCounted) {
  Tell("a");
  world_.Run(absl::Milliseconds(1));
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Tell("b");
  world_.Run(absl::Milliseconds(1));
  world_.Heal("alice", "bob");
  CutBriefly("alice", "bob");
  Tell("c");
  world_.Run(absl::Milliseconds(100));
  EXPECT_THAT(handled_, ElementsAre("a", "c"));
  const Ledger ledger = AliceLedger();
  EXPECT_EQ(ledger.received.delivered, 2u);
  EXPECT_EQ(ledger.link_lost, 1u);
  EXPECT_EQ(ledger.in_doubt, 0u);
  EXPECT_EQ(ledger.in_flight(), 0u);
}

TEST_F(CutsTest, WhatIsSentDuringACutArrivesAfterItInOrder) {
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Future<void> first = Call("note", "a");
  world_.Run(absl::Milliseconds(1));
  world_.Heal("alice", "bob");
  world_.CutOneWay("alice", "bob", CutKind::kLoud);
  Future<void> second = Call("note", "b");
  world_.Heal("alice", "bob");
  Tell("c");
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(second.Await().ok());
  world_.Run(absl::Milliseconds(100));
  EXPECT_THAT(handled_, ElementsAre("a", "b", "c"));
}

TEST_F(CutsTest, ACallThatRunsOutlivesABriefCutInBothDirections) {
  Future<void> call = Call("slow", "a");
  world_.Run(absl::Milliseconds(1));
  CutBriefly("alice", "bob");
  CutBriefly("bob", "alice");
  EXPECT_TRUE(call.Await().ok());
  EXPECT_THAT(handled_, ElementsAre("a"));
}

TEST_F(CutsTest, ACallOutlivesACutOfTheTryToReturnAsWell) {
  Future<void> call = Call("slow", "a");
  world_.Run(absl::Milliseconds(1));
  CutBriefly("alice", "bob");
  const Peer& bob = PeerOf(*alice_, *bob_);
  ASSERT_TRUE(world_.RunUntil(
      [&] { return bob.state() == PeerState::kConnecting; }, absl::Seconds(1)));
  CutBriefly("alice", "bob");
  EXPECT_TRUE(call.Await().ok());
  EXPECT_THAT(handled_, ElementsAre("a"));
}

TEST_F(CutsTest, APeerThatIsRefusedIsLostAtOnceAndReturnsByItself) {
  Tell("a");
  world_.Run(absl::Milliseconds(1));
  world_.Cut("alice", "bob", CutKind::kLoud);
  world_.Run(absl::Milliseconds(1));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kLost);
  world_.Run(absl::Seconds(10));
  world_.Heal("alice", "bob");
  world_.Run(absl::Seconds(2));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kJoined);
  EXPECT_TRUE(Call("note", "b").Await().ok());
  EXPECT_EQ(AliceLedger().in_doubt, 0u);
  EXPECT_EQ(AliceLedger().in_flight(), 0u);
}

TEST_F(CutsTest, DoubtAboutAPeerThatSeemedLostEndsWithItsReturn) {
  world_.CutOneWay("bob", "alice", CutKind::kSilent);
  Tell("a");
  world_.Run(absl::Milliseconds(1));
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  Tell("b");
  world_.Run(absl::Seconds(5));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kLost);
  EXPECT_EQ(AliceLedger().in_doubt, 2u);
  world_.Heal("alice", "bob");
  world_.Run(absl::Seconds(5));
  const Ledger ledger = AliceLedger();
  EXPECT_EQ(ledger.received.delivered, 1u);
  EXPECT_EQ(ledger.link_lost, 1u);
  EXPECT_EQ(ledger.in_doubt, 0u);
  EXPECT_EQ(ledger.in_flight(), 0u);
}

TEST_F(CutsTest, WhoeverHearsButIsNotHeardIsNoticed) {
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  const absl::Time cut_at = world_.clock().Now();
  EXPECT_EQ(Call("note", "a").Await().code(), absl::StatusCode::kUnavailable);
  const LinkOptions options;
  EXPECT_LE(world_.clock().Now() - cut_at,
            options.heartbeat_interval + options.heartbeat_timeout);
}

// While both ask for a sign of life, what alice says to bob vanishes: her PING,
// and her answer to his.
TEST_F(CutsTest, OneLostPingOrPongLosesNobody) {
  for (Manager* manager : {alice_.get(), bob_.get()}) {
    manager->OnPeerEvent([this](const PeerEvent& event) {
      events_.emplace_back(PeerStateName(event.state));
    });
  }
  world_.CutOneWay("alice", "bob", CutKind::kSilent);
  world_.Run(LinkOptions().heartbeat_interval + absl::Milliseconds(100));
  world_.Heal("alice", "bob");
  EXPECT_EQ(world_.fault_counts().frames.swallowed, 2u);
  world_.Run(absl::Minutes(1));
  EXPECT_THAT(events_, IsEmpty());
}

// A cut that begins between two heartbeats is noticed as early as any.
TEST_F(CutsTest, AskingAgainDoesNotPutOffTheNotice) {
  const LinkOptions options;
  for (const absl::Duration after :
       {absl::Milliseconds(1), absl::Milliseconds(999),
        absl::Milliseconds(1001)}) {
    world_.Run(after);
    world_.Cut("alice", "bob", CutKind::kSilent);
    const absl::Time cut_at = world_.clock().Now();
    const Peer& bob = PeerOf(*alice_, *bob_);
    ASSERT_TRUE(world_.RunUntil([&] { return bob.state() == PeerState::kLost; },
                                absl::Minutes(1)));
    EXPECT_LE(world_.clock().Now() - cut_at,
              options.heartbeat_interval + options.heartbeat_timeout);
    world_.Heal("alice", "bob");
    ASSERT_TRUE(world_.RunUntil(
        [&] { return bob.state() == PeerState::kJoined; }, absl::Minutes(1)));
  }
}

// Bob gives alice up, with the call that he handles for her, while she notices
// nothing: he tells her when he returns.
TEST_F(CutsTest, WhoeverWasGivenUpIsToldSo) {
  Future<void> call = Call("slow", "a");
  world_.Run(absl::Milliseconds(1));
  bob_->node().sessions().Lose(bob_->node().peers().Find(alice_->instance_id()),
                               absl::UnavailableError("as if silent"));
  const absl::Time lost_at = world_.clock().Now();
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(world_.clock().Now() - lost_at, absl::Seconds(1));
  EXPECT_TRUE(Call("note", "b").Await().ok());
}

TEST_F(CutsTest, TheNextIncarnationEndsTheWaitForTheOneBefore) {
  Future<void> call = Call("slow", "a");
  world_.Run(absl::Milliseconds(1));
  world_.Kill("bob");
  const auto successor = world_.MakeManager("bob", {});
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
  world_.Run(absl::Seconds(5));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kLost);
  // One HELLO, and the HELLO_ACK that the one before may have missed.
  EXPECT_EQ(successor->node().refusals().of(Refusal::kOtherIncarnation), 2u);
}

// More often than lost peers are remembered: it is one peer all the time.
TEST_F(CutsTest, WhoComesAndGoesAThousandTimesIsHeardAndAccountedFor) {
  constexpr int kTimes = 1100;
  Client& client = alice_->client();
  for (int i = 0; i < kTimes; ++i) {
    Tell("hello");
    ASSERT_TRUE(Call("note", "a").Await().ok()) << "time " << i;
    ASSERT_TRUE(client.Disconnect(bob_->instance_id()).ok());
    ASSERT_TRUE(client.Connect("inproc://bob").ok());
  }
  EXPECT_EQ(client.LedgerOf(bob_->instance_id())->accepted, kTimes);
}

TEST_F(CutsTest, WhoWasForgottenIsHeardWhenItIsConnectedAgain) {
  constexpr int kOthers = 1000;  // as many lost peers as are remembered
  Client& client = alice_->client();
  std::vector<std::unique_ptr<Manager>> others;
  for (int i = 0; i < kOthers; ++i) {
    const std::string name = absl::StrCat("other", i);
    others.push_back(world_.MakeManager(name, {}));
    ASSERT_TRUE(client.Connect("inproc://" + name).ok());
  }
  EXPECT_TRUE(Call("note", "a").Await().ok());  // The last that alice hears.
  ASSERT_TRUE(client.Disconnect(bob_->instance_id()).ok());
  for (const auto& other : others) {
    ASSERT_TRUE(client.Disconnect(other->instance_id()).ok());
  }
  ASSERT_EQ(alice_->node().peers().Find(bob_->instance_id()), nullptr);
  ASSERT_TRUE(client.Connect("inproc://bob").ok());
  EXPECT_TRUE(Call("note", "b").Await().ok());
}

TEST_F(CutsTest, DisconnectingEndsItForBothSides) {
  EXPECT_TRUE(alice_->client().Disconnect(bob_->instance_id()).ok());
  world_.Run(absl::Minutes(2));
  EXPECT_EQ(PeerOf(*alice_, *bob_).state(), PeerState::kLost);
  EXPECT_EQ(PeerOf(*bob_, *alice_).state(), PeerState::kLost);
}

// Carol drains for ten seconds; alice writes down how she sees her.
class DrainingCutsTest : public CutsTest {
 protected:
  DrainingCutsTest() {
    ManagerOptions options;
    options.drain_grace = absl::Seconds(10);
    options.shutdown_timeout = absl::Minutes(1);
    carol_ = world_.MakeManager("carol", options);
    EXPECT_TRUE(alice_->client().Connect("inproc://carol").ok());
    alice_->OnPeerEvent([this](const PeerEvent& event) {
      events_.emplace_back(PeerStateName(event.state));
    });
  }

  // Does something while time goes on.
  void In(absl::Duration time, std::function<void()> what) {
    Future<void>(alice_->node().AwaitHandler("never", time))
        .OnDone([what = std::move(what)](const absl::Status&) { what(); });
  }

  std::unique_ptr<Manager> carol_;
};

TEST_F(DrainingCutsTest, WhoDrainsDoesSoAfterACutAsWell) {
  In(absl::Seconds(1), [this] { CutBriefly("alice", "carol"); });
  EXPECT_TRUE(carol_->Shutdown().ok());
  world_.Run(absl::Seconds(1));
  EXPECT_THAT(events_,
              ElementsAre("draining", "connecting", "draining", "lost"));
}

TEST_F(DrainingCutsTest, WhoMissedItIsToldAfterACut) {
  world_.CutOneWay("carol", "alice", CutKind::kSilent);
  In(absl::Milliseconds(100), [this] {
    world_.Heal("carol", "alice");
    CutBriefly("carol", "alice");
  });
  EXPECT_TRUE(carol_->Shutdown().ok());
  world_.Run(absl::Seconds(1));
  EXPECT_THAT(events_, ElementsAre("draining", "lost"));
}

TEST_F(CutsTest, PeerEventsTellTheStatesInOrder) {
  alice_->OnPeerEvent([this](const PeerEvent& event) {
    events_.push_back(
        absl::StrCat(event.peer.name, " ", PeerStateName(event.state)));
  });
  world_.Cut("alice", "bob", CutKind::kLoud);
  world_.Run(absl::Seconds(1));
  world_.Heal("alice", "bob");
  world_.Run(absl::Seconds(2));
  EXPECT_THAT(events_, ElementsAre("bob connecting", "bob lost", "bob joined"));
}

}  // namespace
}  // namespace am
