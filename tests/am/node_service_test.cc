// What every instance answers about itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "am/v1/node.am.h"
#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class NodeServiceTest : public PairTest {
 protected:
  void SetUp() override {
    Start({.name = "server"}, {.name = "client"});
    stub_.emplace(client_->client(), peer_);
  }

  absl::StatusOr<v1::HandlerInfo> InfoOf(absl::string_view name) {
    const auto list = client_->client().ListHandlers(peer_).Await();
    if (!list.ok()) return list.status();
    for (const v1::HandlerInfo& info : list->handlers()) {
      if (info.name() == name) return info;
    }
    return absl::NotFoundError(name);
  }

  std::optional<v1::NodeAm::Client> stub_;
};
INSTANTIATE_PLANES(NodeServiceTest);

TEST_P(NodeServiceTest, HandlersAreListedWithTheirContract) {
  class Calculator final : public test::CalculatorAm::Service {
  } calculator;
  ASSERT_TRUE(server_->Register(calculator).ok());
  EXPECT_EQ(InfoOf("am.test.Calculator/Note")->pattern(),
            v1::HANDLER_PATTERN_NO_RETURN);
  EXPECT_EQ(InfoOf("am.test.Calculator/Check")->pattern(),
            v1::HANDLER_PATTERN_ACK);
  const auto square = InfoOf("am.test.Calculator/Square");
  EXPECT_EQ(square->pattern(), v1::HANDLER_PATTERN_RESPONSE);
  EXPECT_EQ(square->input_type(), "am.test.Number");
  EXPECT_EQ(square->output_type(), "am.test.Number");
  EXPECT_TRUE(InfoOf("am.v1.Node/Describe").ok());
  server_.reset();
}

TEST_P(NodeServiceTest, HandlersThatRunAreSeenToRun) {
  Event running, goes_on;
  const auto wait = [&](Context&, const std::string&) {
    running.Set();
    goes_on.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("wait", wait).ok());
  const auto is_running = [&] {
    return InfoOf("am.v1.Handlers/wait")->running();
  };
  EXPECT_EQ(is_running(), 0);
  Future<void> call = Message("wait").SendAndConfirm(peer_);
  ASSERT_TRUE(running.Await());
  EXPECT_EQ(is_running(), 1);
  EXPECT_TRUE(InfoOf("am.v1.Handlers/wait")->has_busy_for());
  goes_on.Set();
  EXPECT_TRUE(call.Await().ok());
  EXPECT_TRUE(ServesUntil([&] { return is_running() == 0; }));
}

TEST_P(NodeServiceTest, AwaitedHandlerThatIsThereIsAvailableAtOnce) {
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  const auto answer =
      client_->client().AwaitHandler(peer_, "one", absl::Hours(1)).Await();
  EXPECT_TRUE(answer->available());
}

TEST_P(NodeServiceTest, AwaitedHandlerIsAvailableOnceItIsRegistered) {
  auto answer = client_->client().AwaitHandler(peer_, "one", absl::Hours(1));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  EXPECT_FALSE(answer.ready());
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  EXPECT_TRUE(answer.Await()->available());
}

TEST_P(NodeServiceTest, AwaitedHandlerThatNeverComesIsNotAvailable) {
  const auto answer = client_->client()
                          .AwaitHandler(peer_, "one", absl::Milliseconds(10))
                          .Await();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->available());
}

TEST_P(NodeServiceTest, HealthyInstanceServes) {
  const auto health = client_->client().HealthCheck(peer_).Await();
  EXPECT_EQ(health->status(), v1::HealthCheckResponse::SERVING);
  EXPECT_GE(health->uptime().nanos() + health->uptime().seconds(), 0);
}

TEST_P(NodeServiceTest, DiscoverTellsWhoTheInstanceIs) {
  const auto info = stub_->Discover({}).Await();
  EXPECT_EQ(info->id(), peer_.value());
  EXPECT_EQ(info->name(), "server");
  EXPECT_EQ(info->addresses_size(), server_->peer_info().addresses.size());
}

TEST_P(NodeServiceTest, DescribeTellsOfPeersAndLedgers) {
  ASSERT_TRUE(
      client_->RegisterNoReturn("log", [](Context&, const auto&) {}).ok());
  ASSERT_TRUE(server_->client()
                  .Message("log")
                  .SendDetached(client_->instance_id())
                  .ok());
  v1::DescribeResponse description;
  EXPECT_TRUE(ServesUntil([&] {
    description = stub_->Describe({}).Await().value();
    return description.peers(0).delivered() == 1;
  })) << description.ShortDebugString();
  EXPECT_EQ(description.self().name(), "server");
  EXPECT_EQ(description.peers(0).peer().name(), "client");
  EXPECT_EQ(description.peers(0).state(), "joined");
  EXPECT_EQ(description.peers(0).accepted(), 1);
  EXPECT_EQ(description.status(), v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(description.counters().size(), kCounters);
  EXPECT_EQ(description.counters().at("calls_retried"), 0);
}

TEST_P(NodeServiceTest, DescribeTellsByWhichAddressAPeerIsReached) {
  const auto description = stub_->Describe({}).Await();
  ASSERT_TRUE(description.ok()) << description.status();
  const auto address =
      transport::Address::Parse(description->peers(0).address());
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_THAT(client_->addresses(), testing::Contains(*address));
}

// Whoever names a tcp address of its own host is led to the unix socket there.
TEST(NodeServiceOnOneHost, PeersUseTheUnixSocket) {
  World world(Carrier::kTcp);
  const auto server = world.MakeManager(), client = world.MakeManager();
  const std::string tcp = world.InfoOf(*server).addresses.front().ToString();
  ASSERT_TRUE(client->client().Connect(tcp).ok());
  const auto peer = client->node().peers().Find(server->instance_id());
  EXPECT_THAT(peer->link().address(), testing::StartsWith("ipc://"));
}

TEST_P(NodeServiceTest, AnswersWhileEveryWorkerIsBusy) {
  Start({.execution = {.min_threads = 1, .max_threads = 2}});
  Tally entered;
  Event release;
  const auto block = [&](Context&, const std::string&) {
    entered.Add();
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("block", block).ok());
  for (int i = 0; i < 4; ++i) Message("block").SendAndConfirm(peer_).Detach();
  ASSERT_TRUE(entered.AwaitAtLeast(1));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  EXPECT_TRUE(client_->client().ListHandlers(peer_).Await().ok());
  release.Set();
  server_.reset();
}

TEST_P(NodeServiceTest, DrainingIsNotForOthersUnlessAllowed) {
  EXPECT_EQ(stub_->Drain({}).Await().status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(client_->client().HealthCheck(peer_).Await()->status(),
            v1::HealthCheckResponse::SERVING);
}

TEST_P(NodeServiceTest, WhoIsDrainedByOthersShutsDown) {
  Start({.allow_drain_by_peers = true});
  v1::NodeAm::Client stub(client_->client(), peer_);
  const auto drained = stub.Drain({}).Await();
  ASSERT_TRUE(drained.ok()) << drained.status();
  EXPECT_EQ(drained->handlers_active(), 0);
  EXPECT_TRUE(server_->AwaitShutdown().ok());
}

TEST_P(NodeServiceTest, WhoDrainsFinishesItsWorkAndSaysSo) {
  Start({.allow_drain_by_peers = true});
  Tally entered;
  Event release;
  const auto block = [&](Context&, const std::string&) {
    entered.Add();
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("block", block).ok());
  Future<void> blocked = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(entered.AwaitAtLeast(1));
  v1::NodeAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(stub.Drain({}).Await()->handlers_active(), 1);
  EXPECT_TRUE(ServesUntil([&] {
    return client_->client().HealthCheck(peer_).Await()->status() ==
           v1::HealthCheckResponse::DRAINING;
  }));
  EXPECT_EQ(stub.Drain({}).Await()->handlers_active(), 1);
  release.Set();
  EXPECT_TRUE(blocked.Await().ok());
  EXPECT_TRUE(server_->AwaitShutdown().ok());
}

}  // namespace
}  // namespace am
