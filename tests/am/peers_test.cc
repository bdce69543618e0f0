// Who connects to whom: the join barrier, incarnations, what cannot be reached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "am/own_folder.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<InstanceId> Ids(const std::vector<PeerInfo>& peers) {
  std::vector<InstanceId> ids;
  for (const PeerInfo& peer : peers) ids.push_back(peer.id);
  return ids;
}

class PeersTest : public PlaneTest {
 protected:
  std::string AddressOf(const Manager& manager) const {
    return world_.InfoOf(manager).addresses.front().ToString();
  }

  // A manager at an address that another one may take over.
  std::unique_ptr<Manager> MakeAtFixedAddress() {
    switch (GetParam()) {
      case Carrier::kInProcess:
        return MakeAt("inproc://fixed");
      case Carrier::kTcp:
        return MakeAt("tcp://127.0.0.1:0");
      case Carrier::kShm:
        return MakeAt("shm://" + folder_.path() + "/a.ring");
      case Carrier::kIpc:
        break;
    }
    return MakeAt("ipc://" + folder_.path() + "/a.sock");
  }
  std::unique_ptr<Manager> MakeAt(const std::string& address) {
    return world_.MakeManager({.listen = {address}});
  }

  // As Manager::Make, on this plane.
  absl::StatusOr<std::unique_ptr<Manager>> TryMakeAt(
      const std::string& address) {
    ManagerOptions options{.listen = {address}};
    if (GetParam() == Carrier::kInProcess) {
      options.transport = world_.MakeTransport();
    }
    return Manager::Make(std::move(options));
  }

  const OwnFolder folder_ = *OwnFolder::Make("/tmp", "am-test-");
};
INSTANTIATE_PLANES(PeersTest);

TEST_P(PeersTest, EachInstanceHasAnIdOfItsOwn) {
  const auto one = world_.MakeManager();
  const auto two = world_.MakeManager();
  EXPECT_NE(one->instance_id(), two->instance_id());
  EXPECT_EQ(one->client().instance_id(), one->instance_id());
  EXPECT_EQ(one->client().peer_info().id, one->instance_id());
}

TEST_P(PeersTest, AddressesAreThoseThatWereBound) {
  const auto manager = world_.MakeManager();
  for (const transport::Address& address : manager->addresses()) {
    EXPECT_FALSE(address.IsWildcard());
    EXPECT_TRUE(address.IsLocal());
    EXPECT_FALSE(address.host().empty());
    if (address.scheme() == transport::Scheme::kTcp) {
      EXPECT_GT(address.port(), 0);
    }
  }
}

TEST_P(PeersTest, FirstOneWayMessageArrivesOnEveryFreshConnection) {
  // Counts at once, so that the clients are gone at once.
  const auto server =
      world_.MakeManager({.link = {.count_delay = absl::ZeroDuration()}});
  Tally arrived;
  ASSERT_TRUE(
      server
          ->RegisterNoReturn(
              "log", [&](Context&, const std::string&) { arrived.Add(); })
          .ok());
  for (int i = 1; i <= 200; ++i) {
    const auto client = world_.MakeManager();
    const InstanceId peer = world_.Connect(*client, *server);
    ASSERT_TRUE(client->client().Message("log").SendDetached(peer).ok());
    ASSERT_TRUE(arrived.AwaitAtLeast(i));
  }
}

TEST_P(PeersTest, AddressAloneTellsWhoIsThere) {
  const auto server = world_.MakeManager({.name = "server"});
  const auto client = world_.MakeManager();
  const auto peer = client->client().Connect(AddressOf(*server));
  ASSERT_TRUE(peer.ok()) << peer.status();
  EXPECT_EQ(peer->id, server->instance_id());
  EXPECT_EQ(peer->name, "server");
  EXPECT_TRUE(client->client().HealthCheck(peer->id).Await().ok());
}

TEST_P(PeersTest, ConnectingRegistersBothSides) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  world_.Connect(*client, *server);
  EXPECT_THAT(Ids(client->client().ListPeers()),
              ElementsAre(server->instance_id()));
  EXPECT_THAT(Ids(server->client().ListPeers()),
              ElementsAre(client->instance_id()));
  EXPECT_TRUE(server->client().HealthCheck(client->instance_id()).Await().ok());
}

TEST_P(PeersTest, ConnectingAgainChangesNothing) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  for (int i = 0; i < 3; ++i) world_.Connect(*client, *server);
  EXPECT_TRUE(client->client().Connect(AddressOf(*server)).ok());
  EXPECT_THAT(Ids(client->client().ListPeers()),
              ElementsAre(server->instance_id()));
}

TEST_P(PeersTest, BothSidesMayConnectAtTheSameTime) {
  for (int i = 0; i < 10; ++i) {
    const auto one = world_.MakeManager();
    const auto two = world_.MakeManager();
    std::thread other([&] { world_.Connect(*two, *one); });
    world_.Connect(*one, *two);
    other.join();
    EXPECT_TRUE(one->client().HealthCheck(two->instance_id()).Await().ok());
    EXPECT_TRUE(two->client().HealthCheck(one->instance_id()).Await().ok());
  }
}

TEST_P(PeersTest, ManyThreadsMayConnectAtTheSameTime) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const InstanceId peer = world_.Connect(*client, *server);
      EXPECT_TRUE(client->client().HealthCheck(peer).Await().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(PeersTest, DisconnectedPeerIsForgottenAndCanBeFoundAgain) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  const InstanceId peer = world_.Connect(*client, *server);
  EXPECT_TRUE(client->client().Disconnect(peer).ok());
  EXPECT_THAT(client->client().ListPeers(), IsEmpty());
  EXPECT_EQ(client->client().HealthCheck(peer).Await().status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->client().Disconnect(peer).code(),
            absl::StatusCode::kNotFound);
  world_.Connect(*client, *server);
  EXPECT_TRUE(client->client().HealthCheck(peer).Await().ok());
}

TEST_P(PeersTest, RestartedInstanceIsAnotherOne) {
  auto server = MakeAtFixedAddress();
  const PeerInfo before = world_.InfoOf(*server);
  const std::string address = AddressOf(*server);
  server.reset();
  server = MakeAt(address);
  const auto client = world_.MakeManager();
  const auto stale = client->client().Connect(before);
  EXPECT_EQ(stale.status().code(), absl::StatusCode::kFailedPrecondition)
      << stale.status();
  EXPECT_EQ(server->node().refusals().of(Refusal::kOtherIncarnation), 1);
  const auto fresh = client->client().Connect(address);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_EQ(fresh->id, server->instance_id());
}

TEST_P(PeersTest, CallsToTheIncarnationBeforeAreUnavailable) {
  auto server = MakeAtFixedAddress();
  const std::string address = AddressOf(*server);
  const auto client = world_.MakeManager();
  const InstanceId before = world_.Connect(*client, *server);
  server.reset();
  server = MakeAt(address);
  EXPECT_EQ(client->client().HealthCheck(before).Await().status().code(),
            absl::StatusCode::kUnavailable);
  ASSERT_TRUE(client->client().Connect(address).ok());
  EXPECT_EQ(client->client().HealthCheck(before).Await().status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_P(PeersTest, NobodyThereIsUnavailable) {
  auto gone = MakeAtFixedAddress();
  const std::string address = AddressOf(*gone);
  gone.reset();
  const auto client = world_.MakeManager();
  const auto peer = client->client().Connect(address);
  EXPECT_EQ(peer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(peer.status().message()), HasSubstr(address));
}

TEST_P(PeersTest, ListenerThatDoesNotAnswerIsUnavailableInTime) {
  const auto mute = world_.MakeTransport();
  const auto address = mute->Listen(world_.FreeAddress());
  ASSERT_TRUE(address.ok());
  const auto client = world_.MakeManager();
  const auto peer =
      client->client().Connect(address->ToString(), absl::Milliseconds(50));
  EXPECT_EQ(peer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(peer.status().message()),
              HasSubstr("did not answer"));
}

TEST_P(PeersTest, OwnAddressIsRefused) {
  const auto manager = world_.MakeManager();
  EXPECT_EQ(manager->client().Connect(AddressOf(*manager)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(PeersTest, WhatIsNoAddressIsRefused) {
  const auto manager = world_.MakeManager();
  for (const char* text :
       {"", "server", "tcp://", "tcp://host:99999", "x://"}) {
    EXPECT_EQ(manager->client().Connect(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST_P(PeersTest, PeerWithoutAWayBackHarmsNobody) {
  auto gone = MakeAtFixedAddress();
  const PeerInfo nowhere = world_.InfoOf(*gone);
  gone.reset();
  const auto server = world_.MakeManager();
  Stranger mallory(world_, *server);
  PeerInfo info = mallory.info();
  info.addresses = nowhere.addresses;
  FrameHeader header = mallory.NextHeader();
  header.session = 1;
  mallory.SayHello(header, info);
  const auto client = world_.MakeManager();
  const InstanceId peer = world_.Connect(*client, *server);
  EXPECT_TRUE(client->client().HealthCheck(peer).Await().ok());
}

TEST_P(PeersTest, TakenAddressIsRefusedAndItsOwnerServesOn) {
  const auto owner = MakeAtFixedAddress();
  if (GetParam() != Carrier::kInProcess) {
    const auto second = TryMakeAt(AddressOf(*owner));
    EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists)
        << second.status();
  }
  const auto client = world_.MakeManager();
  const InstanceId peer = world_.Connect(*client, *owner);
  EXPECT_TRUE(client->client().HealthCheck(peer).Await().ok());
}

TEST(ManagerOptionsTest, EveryInterfaceIsNoAddressToBeReachedAt) {
  EXPECT_EQ(Manager::Make({.listen = {"tcp://0.0.0.0:0"}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ManagerOptionsTest, RemotePeersNeedTheOptionThatSaysSo) {
  EXPECT_EQ(Manager::Make({.listen = {"tcp://192.0.2.1:0"}}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(ManagerOptionsTest, NonsenseIsRefused) {
  EXPECT_EQ(Manager::Make({.listen = {"nonsense"}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Manager::Make({.execution = {.min_threads = 0}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Manager::Make({.execution = {.min_threads = 1, .max_threads = 1}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Manager::Make({.execution = {.max_concurrency = -1}}).status().code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Manager::Make({.link = {.window_messages = 0}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace am
