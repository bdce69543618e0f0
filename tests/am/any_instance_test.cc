// Messages to whoever can do it. The directory is a fake one.
#include "am/any_instance.h"

#include <algorithm>
#include <barrier>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/fake_directory.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using test::CalculatorAm;
using test::Number;

class AnyInstanceTest : public PlaneTest {
 protected:
  AnyInstanceTest() : client_(Make()) {}

  std::unique_ptr<Manager> Make(ManagerOptions options = {}) {
    options.directory = registry_.MakeDirectory();
    return world_.MakeManager(std::move(options));
  }

  // Adds servers that answer "who" with their ids.
  void AddServers(int count, const ManagerOptions& options = {}) {
    for (int i = 0; i < count; ++i) {
      servers_.push_back(Make(options));
      const std::string id = servers_.back()->instance_id().ToString();
      ASSERT_TRUE(servers_.back()
                      ->RegisterResponse(
                          "who",
                          [id](Context&, const std::string&)
                              -> absl::StatusOr<std::string> { return id; })
                      .ok());
    }
    registry_.TellAll();
  }

  absl::StatusOr<std::string> AskWho(const Target& target) {
    return client_->client()
        .Message("who")
        .Expect<std::string>()
        .Send(target)
        .Await();
  }

  std::string IdOf(std::size_t server) const {
    return servers_[server]->instance_id().ToString();
  }

  FakeRegistry registry_;
  std::unique_ptr<Manager> client_;
  std::vector<std::unique_ptr<Manager>> servers_;
};

TEST_P(AnyInstanceTest, FirstMessageArrivesWithoutConnect) {
  AddServers(1);
  EXPECT_EQ(*AskWho(AnyInstance("who")), IdOf(0));
  EXPECT_EQ(*AskWho(AnyInstance()), IdOf(0));
}

TEST_P(AnyInstanceTest, FirstOneWayMessagesArriveToo) {
  Tally told;
  AddServers(1);
  ASSERT_TRUE(servers_[0]
                  ->RegisterNoReturn(
                      "tell", [&](Context&, const std::string&) { told.Add(); })
                  .ok());
  registry_.TellAll();
  const MessageBuilder message = client_->client().Message("tell");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(message.SendDetached(AnyInstance()).ok());
  }
  EXPECT_TRUE(told.AwaitAtLeast(10));
}

TEST_P(AnyInstanceTest, StubsCallWhoeverHasTheMethod) {
  AddServers(1);
  ASSERT_TRUE(
      servers_[0]
          ->Register(CalculatorAm::kSquare,
                     [](Context&, const Number& in) -> absl::StatusOr<Number> {
                       Number out;
                       out.set_value(in.value() * in.value());
                       return out;
                     })
          .ok());
  registry_.TellAll();
  CalculatorAm::Client calculator(client_->client(), AnyInstance());
  Number seven;
  seven.set_value(7);
  EXPECT_EQ(calculator.Square(seven).Await()->value(), 49);
}

TEST_P(AnyInstanceTest, RoundRobinTakesTurns) {
  AddServers(3);
  const Target target = AnyInstance().RoundRobin();
  std::multiset<std::string> asked;
  for (int i = 0; i < 6; ++i) asked.insert(*AskWho(target));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(asked.count(IdOf(i)), 2);
}

TEST_P(AnyInstanceTest, RandomFindsEverybodyInTheEnd) {
  AddServers(2);
  std::set<std::string> asked;
  for (int i = 0; i < 60; ++i) asked.insert(*AskWho(AnyInstance()));
  EXPECT_EQ(asked.size(), 2);
}

TEST_P(AnyInstanceTest, LeastOutstandingAvoidsTheBusy) {
  AddServers(2);
  Event release;
  for (const auto& server : servers_) {
    ASSERT_TRUE(server
                    ->RegisterAck("block",
                                  [&](Context&, const std::string&) {
                                    release.Await();
                                    return absl::OkStatus();
                                  })
                    .ok());
  }
  registry_.TellAll();
  const Target everybody = AnyInstance().RoundRobin();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(AskWho(everybody).ok());
  Future<void> busy = client_->client().Message("block").SendAndConfirm(
      servers_[0]->instance_id());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(*AskWho(AnyInstance().LeastOutstanding()), IdOf(1));
  }
  release.Set();
  EXPECT_TRUE(std::move(busy).Await().ok());  // Before the event goes.
}

TEST_P(AnyInstanceTest, LabelsNarrowTheChoice) {
  AddServers(1, {.labels = {{"zone", "a"}}});
  AddServers(1, {.labels = {{"zone", "b"}, {"gpu", "yes"}}});
  const AnyInstance b = AnyInstance().WithLabel("zone", "b");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*AskWho(b), IdOf(1));
  EXPECT_TRUE(absl::IsUnavailable(
      AskWho(AnyInstance().WithLabel("zone", "c")).status()));
}

TEST_P(AnyInstanceTest, NobodyHasItIsUnavailableAndSaysWhat) {
  const absl::Status status = AskWho(AnyInstance()).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("am.v1.Handlers/who"),
            absl::string_view::npos)
      << status;
}

TEST_P(AnyInstanceTest, DrainingInstancesAreNotChosen) {
  AddServers(2);
  InstanceRecord draining = registry_.Find(servers_[0]->instance_id());
  draining.draining = true;
  registry_.Add(draining);
  registry_.TellAll();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*AskWho(AnyInstance()), IdOf(1));
}

TEST_P(AnyInstanceTest, LostPeersAreNotChosenWhileThereAreOthers) {
  AddServers(2);
  const Target target = AnyInstance().RoundRobin();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(AskWho(target).ok());
  servers_[0].reset();  // the client is told by the peer, not the directory
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*AskWho(target), IdOf(1));
}

TEST_P(AnyInstanceTest, AnInstanceChoosesItselfOnlyIfThereIsNobodyElse) {
  AddServers(2);
  client_ = std::move(servers_[0]);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*AskWho(AnyInstance()), IdOf(1));
  servers_.clear();
  registry_.TellAll();
  const std::string own_id = client_->instance_id().ToString();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*AskWho(AnyInstance()), own_id);
  EXPECT_EQ(client_->Shutdown(), absl::OkStatus());
}

TEST_P(AnyInstanceTest, StaleInstancesAreStillCalled) {
  AddServers(1);
  registry_.TellStale();
  bool is_stale = false;
  EXPECT_EQ(client_->client().ListInstances(&is_stale).size(), 2);
  EXPECT_TRUE(is_stale);
  EXPECT_EQ(*AskWho(AnyInstance()), IdOf(0));
}

TEST_P(AnyInstanceTest, CallToAnInstanceThatIsNotThereEndsUnavailable) {
  AddServers(1);
  InstanceRecord ghost = registry_.Find(servers_[0]->instance_id());
  servers_.clear();
  ghost.peer.id = InstanceId(0x6768);
  registry_.Add(ghost);
  registry_.TellAll();
  const absl::Status told =
      client_->client().Message("who").SendDetached(AnyInstance());
  const absl::Status status = AskWho(AnyInstance()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  const Ledger ledger = *client_->client().LedgerOf(ghost.peer.id);
  EXPECT_EQ(ledger.link_lost, told.ok() ? 1 : 0) << ledger.ToString();
}

TEST_P(AnyInstanceTest, AwaitHandlerOfTheFleetIsDoneOnceSomebodyHasIt) {
  Future<v1::AwaitHandlerResponse> awaited =
      client_->client().AwaitHandler(AnyInstance(), "who", absl::Seconds(20));
  AddServers(1);
  EXPECT_TRUE(std::move(awaited).Await()->available());
  EXPECT_TRUE(client_->client()
                  .AwaitHandler(AnyInstance(), "who", absl::Seconds(20))
                  .Await()
                  ->available());
}

TEST_P(AnyInstanceTest, AwaitHandlerOfTheFleetHasADeadline) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      client_->client()
          .AwaitHandler(AnyInstance(), "who", absl::Milliseconds(1))
          .Await()
          .status()));
}

TEST_P(AnyInstanceTest, HandlersThatComeAndGoAreAnnounced) {
  AddServers(1);
  const auto has_it = [this] {
    const InstanceRecord record = registry_.Find(servers_[0]->instance_id());
    return std::any_of(record.handlers.begin(), record.handlers.end(),
                       [](const HandlerRecord& handler) {
                         return handler.name == "am.v1.Handlers/who";
                       });
  };
  EXPECT_TRUE(has_it());
  ASSERT_TRUE(servers_[0]->Deregister("who").ok());
  EXPECT_FALSE(has_it());
}

TEST_P(AnyInstanceTest, ListenersHearOfInstancesInOrder) {
  std::vector<InstanceEvent::Kind> kinds;
  client_->OnInstanceEvent(
      [&](const InstanceEvent& event) { kinds.push_back(event.kind); });
  registry_.TellAll();
  AddServers(1);
  registry_.TellAll();  // nothing new
  ASSERT_TRUE(servers_[0]->Deregister("who").ok());
  registry_.TellAll();
  servers_.clear();
  registry_.TellAll();
  registry_.TellStale();
  using Kind = InstanceEvent::Kind;
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::kAppeared, Kind::kCurrent, Kind::kAppeared,
                               Kind::kChanged, Kind::kGone, Kind::kStale}));
}

// Both connect, neither knows of the other's attempt, and nothing is lost.
TEST_P(AnyInstanceTest, TwoWhoTellEachOtherFirstAtOnceAreHeard) {
  for (int i = 0; i < 25; ++i) {
    Tally told;
    const auto one = Make(), other = Make();
    for (Manager* const manager : {one.get(), other.get()}) {
      ASSERT_TRUE(
          manager
              ->RegisterNoReturn(
                  "tell", [&](Context&, const std::string&) { told.Add(); })
              .ok());
    }
    registry_.TellAll();
    std::barrier both(2);
    const auto tell = [&](Manager& manager) {
      both.arrive_and_wait();
      EXPECT_TRUE(
          manager.client().Message("tell").SendDetached(AnyInstance()).ok());
    };
    std::jthread first(tell, std::ref(*one));
    tell(*other);
    first.join();
    ASSERT_TRUE(told.AwaitAtLeast(2)) << i;
    EXPECT_EQ(one->node().peers().Find(other->instance_id())->state(),
              PeerState::kJoined)
        << i;
    EXPECT_EQ(other->node().peers().Find(one->instance_id())->state(),
              PeerState::kJoined)
        << i;
  }
}

INSTANTIATE_PLANES(AnyInstanceTest);

}  // namespace
}  // namespace am
