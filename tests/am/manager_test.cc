#include "am/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "am/message_builder.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

using ManagerTest = PlaneTest;
INSTANTIATE_PLANES(ManagerTest);

TEST_P(ManagerTest, FirstCallAfterConnectArrives) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  ASSERT_TRUE(server
                  ->RegisterResponse(
                      "echo",
                      [](Context&, const std::string& in)
                          -> absl::StatusOr<std::string> { return in + "!"; })
                  .ok());
  const InstanceId peer = world_.Connect(*client, *server);
  EXPECT_THAT(client->client()
                  .Message("echo")
                  .Payload("hello")
                  .Expect<std::string>()
                  .Send(peer)
                  .Await()
                  .value_or("failed"),
              "hello!");
}

TEST_P(ManagerTest, ManyCallsInSequence) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  ASSERT_TRUE(server
                  ->RegisterAck("ok",
                                [](Context&, const std::string&) {
                                  return absl::OkStatus();
                                })
                  .ok());
  const InstanceId peer = world_.Connect(*client, *server);
  for (int i = 0; i < 2000; ++i) {
    const absl::Status status = client->client()
                                    .Message("ok")
                                    .Payload("x")
                                    .SendAndConfirm(peer)
                                    .Await();
    ASSERT_TRUE(status.ok()) << i << " " << status;
  }
}

TEST_P(ManagerTest, OneWayMessagesAreAllDelivered) {
  const auto server = world_.MakeManager();
  const auto client = world_.MakeManager();
  std::atomic<int> count = 0;
  ASSERT_TRUE(server
                  ->RegisterNoReturn(
                      "log", [&](Context&, const std::string&) { ++count; })
                  .ok());
  const InstanceId peer = world_.Connect(*client, *server);
  auto message = client->client().Message("log").Payload("x").WaitWhenFull();
  for (int i = 0; i < 100000; ++i) {
    const absl::Status status = message.SendDetached(peer);
    ASSERT_TRUE(status.ok()) << i << " " << status;
  }
  EXPECT_TRUE(client->Shutdown().ok());
  EXPECT_TRUE(server->Shutdown().ok());
  EXPECT_EQ(count.load(), 100000);
}

TEST_P(ManagerTest, ListsHandlers) {
  const auto server = world_.MakeManager();
  EXPECT_THAT(server->ListHandlers(), Contains("am.v1.Node/HealthCheck"));
}

}  // namespace
}  // namespace am
