// Limits hold, and what is above them is refused at once and accounted for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

using ::testing::HasSubstr;

// A server with a handler "block" that holds each call until it is released.
class LimitsTest : public PairTest {
 protected:
  void StartBlocking(const ManagerOptions& options,
                     const HandlerOptions& handler) {
    Start(options);
    AddBlocking("block", handler);
  }

  void AddBlocking(absl::string_view name, const HandlerOptions& options) {
    const auto block = [this](Context&, const std::string&) {
      const Occupancy::Visit visit(inside_);
      entered_.Add();
      release_.Await();
      return absl::OkStatus();
    };
    EXPECT_TRUE(server_->RegisterAck(name, block, options).ok());
  }

  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  std::vector<Future<void>> Block(int calls, absl::string_view name = "block") {
    std::vector<Future<void>> futures;
    for (int i = 0; i < calls; ++i) {
      futures.push_back(Message(name).SendAndConfirm(peer_));
    }
    return futures;
  }

  // The server has received what was sent before.
  void ExpectReceived() {
    EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  }

  Tally entered_;
  Occupancy inside_;
  Event release_;
};
INSTANTIATE_PLANES(LimitsTest);

TEST_P(LimitsTest, HandlersLimitHolds) {
  StartBlocking({}, {.max_concurrency = 3});
  std::vector<Future<void>> calls = Block(12);
  ASSERT_TRUE(entered_.AwaitAtLeast(3));
  ExpectReceived();
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(inside_.highest(), 3);
  EXPECT_EQ(entered_.value(), 12);
}

TEST_P(LimitsTest, LimitHoldsForQuickHandlersToo) {
  Start();
  const auto visit = [this](Context&, const std::string&) {
    const Occupancy::Visit inside(inside_);
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      server_->RegisterAck("visit", visit, {.max_concurrency = 2}).ok());
  for (Future<void>& call : Block(500, "visit")) {
    EXPECT_TRUE(call.Await().ok());
  }
  EXPECT_LE(inside_.highest(), 2);
}

TEST_P(LimitsTest, LimitHoldsAcrossSuspensionsOfCoroutines) {
  Start();
  const auto visit = [this](Context& context,
                            const std::string&) -> Task<absl::Status> {
    const Occupancy::Visit inside(inside_);
    co_return (co_await context.client().HealthCheck(context.sender()))
        .status();
  };
  ASSERT_TRUE(
      server_->RegisterAck("visit", visit, {.max_concurrency = 2}).ok());
  for (Future<void>& call : Block(50, "visit")) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(inside_.highest(), 2);
}

TEST_P(LimitsTest, ManagersLimitHoldsOverAllHandlers) {
  StartBlocking({.execution = {.max_concurrency = 2}}, {});
  AddBlocking("other", {});
  std::vector<Future<void>> calls = Block(5);
  std::vector<Future<void>> others = Block(5, "other");
  ASSERT_TRUE(entered_.AwaitAtLeast(2));
  ExpectReceived();
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  for (Future<void>& call : others) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(inside_.highest(), 2);
}

TEST_P(LimitsTest, ExcessIsRefusedWhileTheOthersStillRun) {
  StartBlocking({.execution = {.max_queued = 4}}, {.max_concurrency = 1});
  std::vector<Future<void>> calls = Block(1);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  for (Future<void>& call : Block(4)) calls.push_back(std::move(call));
  const absl::Status excess = Confirm("block");
  EXPECT_EQ(excess.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(excess.message()), HasSubstr("overloaded"));
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
}

TEST_P(LimitsTest, ExcessOneWayMessagesAreCountedOverloaded) {
  StartBlocking({.execution = {.max_queued = 4}}, {.max_concurrency = 1});
  ASSERT_TRUE(
      server_->RegisterNoReturn("log", [](Context&, const std::string&) {})
          .ok());
  std::vector<Future<void>> calls = Block(1);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  for (Future<void>& call : Block(4)) calls.push_back(std::move(call));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Tell("log").ok());
  EXPECT_EQ(SettledLedger().received.overloaded, 10);
}

TEST_P(LimitsTest, OneHandlersLimitIsNoOtherHandlers) {
  StartBlocking({}, {.max_concurrency = 1});
  ASSERT_TRUE(server_->RegisterAck("free", &AlwaysOk).ok());
  std::vector<Future<void>> calls = Block(5);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  EXPECT_TRUE(Confirm("free").ok());
}

TEST_P(LimitsTest, MessageAboveTheLimitIsRefusedWhereItIsMade) {
  Start({}, {.max_message_bytes = 1000});
  ASSERT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
  EXPECT_TRUE(Ask("echo", std::string(1000, 'x')).ok());
  const absl::Status status = Ask("echo", std::string(1001, 'x')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_message_bytes"));
  EXPECT_EQ(Tell("echo", std::string(1001, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(LimitsTest, ReplyAboveTheLimitFailsItsCallAlone) {
  Start({.max_message_bytes = 1000});
  const auto make = [](Context&,
                       const std::string& size) -> absl::StatusOr<std::string> {
    return std::string(static_cast<std::size_t>(std::stoi(size)), 'x');
  };
  ASSERT_TRUE(server_->RegisterResponse("make", make).ok());
  EXPECT_EQ(Ask("make", "2000000").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Ask("make", "1000")->size(), 1000);
}

TEST_P(LimitsTest, MessageAboveTheReceiversLimitIsRefusedThere) {
  Start({.max_message_bytes = 1000});
  ASSERT_TRUE(server_->RegisterAck("take", &AlwaysOk).ok());
  EXPECT_EQ(Confirm("take", std::string(1001, 'x')).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Confirm("take", std::string(1000, 'x')).ok());
}

// A peer that grants two messages and then says no more.
class FullQueueTest : public PlaneTest {
 protected:
  FullQueueTest()
      : manager_(world_.MakeManager({.link = {.queue_messages = 8}})),
        slow_(world_, *manager_) {
    FrameHeader hello = slow_.NextHeader();
    hello.session = 1;
    hello.credit_messages = 2;
    slow_.SayHello(hello, slow_.info());
    EXPECT_TRUE(slow_.Await(MessageKind::kHelloAck).has_value());
  }

  MessageBuilder Message() const { return manager_->client().Message("log"); }

  // Sends until there is no room. Returns how many were taken.
  int Fill() const {
    for (int taken = 0; taken < 1000; ++taken) {
      const absl::Status sent = Message().SendDetached(slow_.id());
      if (sent.ok()) continue;
      EXPECT_EQ(sent.code(), absl::StatusCode::kResourceExhausted);
      return taken;
    }
    return 1000;
  }

  Ledger ledger() const {
    return manager_->node().peers().Find(slow_.id())->link().ledger();
  }

  const std::unique_ptr<Manager> manager_;
  Stranger slow_;
};
INSTANTIATE_PLANES(FullQueueTest);

TEST_P(FullQueueTest, SendIsRefusedAtOnceAndCounted) {
  EXPECT_EQ(Fill(), 2 + 8);
  EXPECT_EQ(ledger().accepted, 10);
  EXPECT_EQ(ledger().refused, 1);
  EXPECT_EQ(ledger().in_flight(), 10);
}

TEST_P(FullQueueTest, CallIsRefusedAtOnce) {
  Fill();
  EXPECT_EQ(Message().SendAndConfirm(slow_.id()).Await().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_P(FullQueueTest, WhoWaitsDoesSoUntilTheDeadline) {
  Fill();
  EXPECT_EQ(Message()
                .WaitWhenFull()
                .Timeout(absl::Milliseconds(20))
                .SendDetached(slow_.id())
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_P(FullQueueTest, WhoWaitsGoesOnWhenThereIsRoom) {
  Fill();
  absl::Status sent = absl::UnknownError("not sent");
  std::thread sender(
      [&] { sent = Message().WaitWhenFull().SendDetached(slow_.id()); });
  FrameHeader counts = slow_.NextHeader();
  counts.session = 1;
  ASSERT_TRUE(slow_.Await(MessageKind::kNoReturn).has_value());
  ASSERT_TRUE(slow_.Await(MessageKind::kNoReturn).has_value());
  counts.counted_session = slow_.NextHeader().counted_session;
  counts.counted = 2;
  counts.credit_messages = 1000;
  MessageHeader ping;
  ping.kind = MessageKind::kPing;
  slow_.Send(counts, ping);
  sender.join();
  EXPECT_TRUE(sent.ok()) << sent;
}

TEST_P(FullQueueTest, WhoWaitsIsToldThatThePeerLeft) {
  Fill();
  absl::Status sent = absl::UnknownError("not sent");
  std::thread sender(
      [&] { sent = Message().WaitWhenFull().SendDetached(slow_.id()); });
  EXPECT_TRUE(manager_->client().Disconnect(slow_.id()).ok());
  sender.join();
  EXPECT_EQ(sent.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ledger().in_flight(), 0);
  EXPECT_EQ(ledger().link_lost, 8);
  EXPECT_EQ(ledger().in_doubt, 2);
}

}  // namespace
}  // namespace am
