#include <gtest/gtest.h>

#include "am/manager.h"
#include "am/message_builder.h"
#include "am/v1/node.pb.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

ManagerOptions QuickHeartbeat() {
  ManagerOptions options;
  options.link.heartbeat_interval = absl::Milliseconds(20);
  options.link.heartbeat_timeout = absl::Milliseconds(40);
  return options;
}

using HeartbeatTest = PlaneTest;
INSTANTIATE_PLANES(HeartbeatTest);

TEST_P(HeartbeatTest, ASilentPeerIsAskedForASignOfLife) {
  const auto server = world_.MakeManager(QuickHeartbeat());
  Stranger quiet(world_, *server);
  ASSERT_TRUE(quiet.Join());
  EXPECT_TRUE(quiet.Await(MessageKind::kPing).has_value());
}

// The stranger's sockets are open and well; it just never answers, as a hung
// process would not.
TEST_P(HeartbeatTest, CallsToAPeerThatHangsEndWithUnavailable) {
  const auto server = world_.MakeManager(QuickHeartbeat());
  Stranger hung(world_, *server);
  ASSERT_TRUE(hung.Join());
  const absl::Status status = server->client()
                                  .Message("any")
                                  .Timeout(absl::Minutes(1))
                                  .SendAndConfirm(hung.id())
                                  .Await();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

TEST_P(HeartbeatTest, IdlePeersThatAnswerStayJoined) {
  const auto server = world_.MakeManager(QuickHeartbeat());
  const auto client = world_.MakeManager(QuickHeartbeat());
  const InstanceId peer = world_.Connect(*client, *server);
  // The call outlasts several timeouts without a frame of its own.
  const auto answer = client->client()
                          .AwaitHandler(peer, "never", absl::Milliseconds(300))
                          .Await();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->available());
}

}  // namespace
}  // namespace am
