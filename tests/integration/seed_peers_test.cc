// The seed system's weaknesses in handlers and peers, by their numbers, and
// that ours has none of them.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

class SeedRegression : public PairTest {
 protected:
  void SetUp() override { Start(); }
  void TearDown() override {
    client_.reset();
    server_.reset();
  }
};
INSTANTIATE_PLANES(SeedRegression);

// The permit was dropped as soon as the handler was spawned: with a limit of 2,
// 10 were in flight.
TEST_P(SeedRegression, W03_ConcurrencyLimitHolds) {
  Occupancy inside;
  Tally entered;
  Event release;
  const auto hold = [&](Context&, const std::string&) {
    const Occupancy::Visit visit(inside);
    entered.Add();
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("hold", hold, {.max_concurrency = 2}).ok());
  std::vector<Future<void>> calls;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(Message("hold").SendAndConfirm(peer_));
  }
  ASSERT_TRUE(entered.AwaitAtLeast(2));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  release.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(inside.highest(), 2);
  server_.reset();
}

// It looked, then subscribed: a registration in between was missed.
TEST_P(SeedRegression, W14_RegistrationIsNeverMissed) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = absl::StrCat("h", i);
    std::thread registrar(
        [&] { EXPECT_TRUE(server_->RegisterAck(name, &AlwaysOk).ok()); });
    const auto awaited =
        client_->client().AwaitHandler(peer_, name, absl::Hours(1)).Await();
    registrar.join();
    ASSERT_TRUE(awaited.ok()) << awaited.status();
    EXPECT_TRUE(awaited->available());
  }
}

// 0.0.0.0 was advertised as it was.
TEST_P(SeedRegression, W19_NoInstanceAdvertisesEveryInterface) {
  EXPECT_FALSE(Manager::Make({.listen = {"tcp://0.0.0.0:0"},
                              .insecure_allow_remote_peers = true})
                   .ok());
  for (const transport::Address& address : server_->peer_info().addresses) {
    EXPECT_FALSE(address.IsWildcard());
  }
}

// Two hosts with the same text for an address took an ipc path of the other
// one for their own.
TEST_P(SeedRegression, W19_AnotherHostsIpcPathIsNotTaken) {
  PeerInfo far;
  far.id = InstanceId(1);
  far.host = HostIdentity::Of("");
  far.host.boot_id = "another host";
  far.host.ipc_device = far.host.ipc_inode = 1;
  far.addresses = {transport::Address::Ipc("/tmp/a.sock"),
                   transport::Address::Tcp("127.0.0.1", 5555)};
  EXPECT_EQ(far.Choose()->scheme(), transport::Scheme::kTcp);
}

// A known peer's endpoint was never updated.
TEST_P(SeedRegression, W20_PeerThatJoinsAgainIsReachedAgain) {
  Stranger alice(world_, *server_);
  ASSERT_TRUE(alice.Join());
  ASSERT_TRUE(alice.Join());
  EXPECT_TRUE(server_->client().Message("log").SendDetached(alice.id()).ok());
  EXPECT_TRUE(alice.Await(MessageKind::kNoReturn).has_value());
}

// Any sender could claim any id.
TEST_P(SeedRegression, W20_HelloMustNameItsSender) {
  Stranger mallory(world_, *server_);
  PeerInfo lie = mallory.info();
  lie.id = client_->instance_id();
  FrameHeader header = mallory.NextHeader();
  header.session = 1;
  mallory.SayHello(header, lie);
  ASSERT_TRUE(mallory.Join());
  EXPECT_EQ(server_->node().refusals().of(Refusal::kBadControl), 1);
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
}

// A reply was not checked against who had been asked.
TEST_P(SeedRegression, W20_OnlyTheTargetCanAnswer) {
  Stranger alice(world_, *server_);
  Stranger mallory(world_, *server_);
  ASSERT_TRUE(alice.Join());
  ASSERT_TRUE(mallory.Join());
  auto call =
      server_->client().Message("ask").Expect<std::string>().Send(alice.id());
  const auto asked = alice.Await(MessageKind::kCall);
  ASSERT_TRUE(asked.has_value());
  MessageHeader reply;
  reply.kind = MessageKind::kReply;
  reply.call_id = asked->header.call_id;
  mallory.Send(reply, "mallory's");
  EXPECT_TRUE(mallory.Ping());
  EXPECT_FALSE(call.ready());
  EXPECT_EQ(server_->node().refusals().of(Refusal::kLateReply), 1);
  alice.Send(reply, "alice's");
  EXPECT_EQ(call.Await().value_or("failed"), "alice's");
}

// A message raced with the registration before it, duplicates overwrote, names
// with '_' were allowed, and a peer that was not connected ended the process.
TEST_P(SeedRegression, W25_RegistrationCountsAtOnce) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = absl::StrCat("h", i);
    ASSERT_TRUE(server_->RegisterAck(name, &AlwaysOk).ok());
    ASSERT_TRUE(Confirm(name).ok());
  }
}

TEST_P(SeedRegression, W25_DuplicatesAndReservedNamesAreRefused) {
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  EXPECT_EQ(server_->RegisterResponse("one", &Echo).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(server_->RegisterAck("_one", &AlwaysOk).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Confirm("one").ok());
}

TEST_P(SeedRegression, W25_PeerThatIsNotConnectedIsAStatus) {
  EXPECT_EQ(
      client_->client().HealthCheck(InstanceId(7)).Await().status().code(),
      absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace am
