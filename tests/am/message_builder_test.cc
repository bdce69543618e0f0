#include "am/message_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class MessageBuilderTest : public PairTest {
 protected:
  void SetUp() override {
    Start();
    EXPECT_TRUE(
        server_
            ->RegisterNoReturn(
                "log", [this](Context&, const std::string&) { logged_.Add(); })
            .ok());
    EXPECT_TRUE(server_->RegisterAck("validate", &AlwaysOk).ok());
    EXPECT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
  }
  void TearDown() override { server_.reset(); }

  Tally logged_;
};
INSTANTIATE_PLANES(MessageBuilderTest);

TEST_P(MessageBuilderTest, BareAndFullNamesAreTheSame) {
  EXPECT_EQ(*Ask("echo", "1"), "1");
  EXPECT_EQ(*Ask("am.v1.Handlers/echo", "2"), "2");
}

TEST_P(MessageBuilderTest, NameThatIsNoneIsRefusedWhereItIsSent) {
  EXPECT_EQ(Confirm("_ack").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Confirm("").code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(MessageBuilderTest, BytesArriveAsTheyAre) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(*Ask("echo", bytes), bytes);
  EXPECT_EQ(*Ask("echo", ""), "");
}

TEST_P(MessageBuilderTest, LargePayloadsArriveAsTheyAre) {
  for (const std::size_t size : {8191u, 8192u, 16384u, 3'000'000u}) {
    const std::string bytes(size, 'a');
    EXPECT_EQ(*Ask("echo", bytes), bytes);
  }
}

TEST_P(MessageBuilderTest, AHandlerMaySeeBytesWhereTheyArrived) {
  const auto echo = [](Context&,
                       absl::string_view in) -> absl::StatusOr<std::string> {
    return std::string(in);
  };
  const auto later =
      [](Context&, absl::string_view in) -> Task<absl::StatusOr<std::string>> {
    co_return std::string(in);
  };
  using View = absl::string_view;
  ASSERT_TRUE(server_->RegisterResponse<View>("echo_view", echo).ok());
  ASSERT_TRUE(server_->RegisterResponse<View>("echo_later", later).ok());
  const std::string large(100'000, 'a');
  for (const char* name : {"echo_view", "echo_later"}) {
    EXPECT_EQ(*Ask(name, "as they are"), "as they are");
    EXPECT_EQ(*Ask(name, large), large);
  }
}

TEST_P(MessageBuilderTest, MessageCanBeSentAgainAndToOthers) {
  const auto other = world_.MakeManager();
  ASSERT_TRUE(other->RegisterResponse("echo", &Echo).ok());
  const InstanceId second = world_.Connect(*client_, *other);
  const MessageBuilder message = Message("echo", "again");
  for (const InstanceId target : {peer_, second, peer_}) {
    EXPECT_EQ(*message.Expect<std::string>().Send(target).Await(), "again");
  }
}

TEST_P(MessageBuilderTest, SendDetachedReachesANoReturnHandler) {
  EXPECT_TRUE(Tell("log").ok());
  EXPECT_TRUE(logged_.AwaitAtLeast(1));
}

TEST_P(MessageBuilderTest, SendDetachedToAnotherPatternIsCountedRejected) {
  EXPECT_TRUE(Tell("validate").ok());
  EXPECT_TRUE(Tell("echo").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 2);
}

TEST_P(MessageBuilderTest, DetachedCallRunsOn) {
  Event ran;
  const auto handle = [&](Context&, const std::string&) {
    ran.Set();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("run", handle).ok());
  Message("run").SendAndConfirm(peer_).Detach();
  EXPECT_TRUE(ran.Await());
  EXPECT_TRUE(ServesUntil([&] { return client_->node().calls().size() == 0; }));
  server_.reset();
}

TEST_P(MessageBuilderTest, SendToNobodyIsUnavailable) {
  const InstanceId nobody(12345);
  EXPECT_EQ(Message("log").SendDetached(nobody).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Message("validate").SendAndConfirm(nobody).Await().code(),
            absl::StatusCode::kUnavailable);
}

TEST_P(MessageBuilderTest, BroadcastReachesEveryPeer) {
  const auto other = world_.MakeManager();
  Tally second;
  ASSERT_TRUE(
      other
          ->RegisterNoReturn(
              "log", [&](Context&, const std::string&) { second.Add(); })
          .ok());
  world_.Connect(*client_, *other);
  EXPECT_TRUE(Message("log").Broadcast().empty());
  EXPECT_TRUE(logged_.AwaitAtLeast(1));
  EXPECT_TRUE(second.AwaitAtLeast(1));
}

TEST_P(MessageBuilderTest, BroadcastSaysWhomItCouldNotReach) {
  const auto lonely = world_.MakeManager();
  EXPECT_TRUE(lonely->client().Message("log").Broadcast().empty());
  const std::string huge(65u << 20, 'x');
  const auto failed = Message("log", huge).Broadcast();
  ASSERT_EQ(failed.size(), 1);
  EXPECT_EQ(failed[0].first, peer_);
  EXPECT_EQ(failed[0].second.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(MessageBuilderTest, MetadataOfTheFrameworkIsRefused) {
  const absl::Status status = Message("validate")
                                  .AddMetadata("am-message", "x")
                                  .SendAndConfirm(peer_)
                                  .Await();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(MessageBuilderTest, ResultOfAnotherTypeIsRefusedWhereItArrives) {
  const auto wrong =
      Message("echo", "\xff\xff").Expect<v1::HealthCheckResponse>();
  EXPECT_EQ(wrong.Send(peer_).Await().status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace am
