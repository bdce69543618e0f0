// Deadlines and cancellation: at the caller, on the way, in the handler.
#include <gtest/gtest.h>

#include <optional>
#include <stop_token>
#include <string>

#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/skewed_clock.h"

namespace am {
namespace {

constexpr absl::Duration kSoon = absl::Milliseconds(20);

class DeadlineTest : public PairTest {
 protected:
  void SetUp() override { Start({.clock = &clock_}); }
  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  // A handler that holds its calls until they are released or stopped.
  void RegisterBlocking(const HandlerOptions& options = {}) {
    const auto block = [this](Context& context, const std::string&) {
      const std::stop_callback on_stop(context.stop_token(), [this] {
        stopped_.Set();
        release_.Set();
      });
      entered_.Add();
      release_.Await();
      return absl::OkStatus();
    };
    EXPECT_TRUE(server_->RegisterAck("block", block, options).ok());
  }

  // A handler that says how much time it has.
  void RegisterRemaining(Manager& manager) {
    const auto remaining = [this](Context& context, const std::string&) {
      remaining_ = context.remaining();
      return absl::OkStatus();
    };
    EXPECT_TRUE(manager.RegisterAck("remaining", remaining).ok());
  }

  SkewedClock clock_;  // the server's
  Tally entered_;
  Event stopped_;
  Event release_;
  absl::Duration remaining_;
};
INSTANTIATE_PLANES(DeadlineTest);

TEST_P(DeadlineTest, CallEndsAtItsDeadlineWhateverTheHandlerDoes) {
  RegisterBlocking();
  EXPECT_EQ(
      Message("block").Timeout(kSoon).SendAndConfirm(peer_).Await().code(),
      absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->node().counters().of(Counter::kExpired), 1);
}

TEST_P(DeadlineTest, HandlerHearsThatTheDeadlineHasPassed) {
  RegisterBlocking();
  Future<void> call = Message("block").Timeout(kSoon).SendAndConfirm(peer_);
  EXPECT_TRUE(stopped_.Await());
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_P(DeadlineTest, DeadlineTravelsAsWhatIsLeft) {
  RegisterRemaining(*server_);
  EXPECT_TRUE(Message("remaining")
                  .Timeout(absl::Minutes(5))
                  .SendAndConfirm(peer_)
                  .Await()
                  .ok());
  EXPECT_LE(remaining_, absl::Minutes(5) + absl::Milliseconds(1));
  EXPECT_GT(remaining_, absl::Minutes(4));
}

TEST_P(DeadlineTest, DefaultIsThirtySeconds) {
  RegisterRemaining(*server_);
  EXPECT_TRUE(Confirm("remaining").ok());
  EXPECT_LE(remaining_, absl::Seconds(30) + absl::Milliseconds(1));
  EXPECT_GT(remaining_, absl::Seconds(15));
}

TEST_P(DeadlineTest, NothingWaitsForMoreThanADay) {
  RegisterRemaining(*server_);
  EXPECT_TRUE(Message("remaining")
                  .Timeout(absl::InfiniteDuration())
                  .SendAndConfirm(peer_)
                  .Await()
                  .ok());
  EXPECT_LE(remaining_, absl::Hours(24) + absl::Milliseconds(1));
}

TEST_P(DeadlineTest, ContractsTimeoutIsTheDefault) {
  Event release;
  const auto hurry = [&](Context&, const test::Number& number) {
    release.Await();
    return absl::StatusOr<test::Number>(number);
  };
  ASSERT_TRUE(server_->Register(test::CalculatorAm::kHurry, hurry).ok());
  test::CalculatorAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(stub.Hurry({}).Await().status().code(),
            absl::StatusCode::kDeadlineExceeded);
  release.Set();
  server_.reset();
}

TEST_P(DeadlineTest, TimeoutBelowZeroHasPassed) {
  EXPECT_EQ(Message("block")
                .Timeout(-absl::Seconds(1))
                .SendAndConfirm(peer_)
                .Await()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_P(DeadlineTest, NestedCallInheritsWhatIsLeft) {
  RegisterRemaining(*client_);
  const auto nest = [](Context& context, const std::string&) {
    return context.client()
        .Message("remaining")
        .Timeout(absl::Hours(1))
        .SendAndConfirm(context.sender())
        .Await();
  };
  ASSERT_TRUE(server_->RegisterAck("nest", nest).ok());
  EXPECT_TRUE(Message("nest")
                  .Timeout(absl::Minutes(2))
                  .SendAndConfirm(peer_)
                  .Await()
                  .ok());
  EXPECT_LE(remaining_, absl::Minutes(2) + absl::Milliseconds(2));
}

TEST_P(DeadlineTest, NestedCallOfACoroutineInheritsWhatIsLeft) {
  RegisterRemaining(*client_);
  const auto nest = [](Context& context,
                       const std::string&) -> Task<absl::Status> {
    Client& client = context.client();
    absl::Status health =
        (co_await client.HealthCheck(context.sender())).status();
    if (!health.ok()) co_return health;
    MessageBuilder message = client.Message("remaining");
    message.Timeout(absl::Hours(1));
    co_return co_await message.SendAndConfirm(context.sender());
  };
  ASSERT_TRUE(server_->RegisterAck("nest", nest).ok());
  EXPECT_TRUE(Message("nest")
                  .Timeout(absl::Minutes(2))
                  .SendAndConfirm(peer_)
                  .Await()
                  .ok());
  EXPECT_LE(remaining_, absl::Minutes(2) + absl::Milliseconds(2));
}

TEST_P(DeadlineTest, ExpiredMessagesAreNotRunButCounted) {
  Tally ran;
  const auto handle = [&](Context&, const std::string& what) {
    if (what != "hold") return ran.Add();
    entered_.Add();
    release_.Await();
  };
  ASSERT_TRUE(
      server_->RegisterNoReturn("log", handle, {.max_concurrency = 1}).ok());
  ASSERT_TRUE(Tell("log", "hold").ok());
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Tell("log").ok());
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  clock_.Jump(absl::Minutes(1));
  release_.Set();
  const Ledger ledger = SettledLedger();
  EXPECT_EQ(ledger.received.expired, 5);
  EXPECT_EQ(ledger.received.delivered, 1);
  EXPECT_EQ(server_->node().counters().of(Counter::kExpiredInQueue), 5);
  EXPECT_EQ(ran.value(), 0);
  server_.reset();
}

TEST_P(DeadlineTest, DroppedFutureCancelsItsHandler) {
  RegisterBlocking();
  {
    const Future<void> call = Message("block").SendAndConfirm(peer_);
    ASSERT_TRUE(entered_.AwaitAtLeast(1));
  }
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(DeadlineTest, CancelledCallCancelsItsHandler) {
  RegisterBlocking();
  Future<void> call = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  call.Cancel();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(DeadlineTest, CallCancelledBeforeItRunsNeverDoes) {
  RegisterBlocking({.max_concurrency = 1});
  Future<void> first = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  Message("block").SendAndConfirm(peer_).Cancel();
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  release_.Set();
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(server_->Shutdown().ok());
  EXPECT_EQ(entered_.value(), 1);
  EXPECT_EQ(server_->node().counters().of(Counter::kCancelledInQueue), 1);
  EXPECT_EQ(client_->node().counters().of(Counter::kCancelled), 1);
}

TEST_P(DeadlineTest, LostCallerCancelsItsHandlers) {
  RegisterBlocking();
  Message("block").SendAndConfirm(peer_).Detach();
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  client_.reset();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(DeadlineTest, LostPeerEndsItsCallsAtOnce) {
  RegisterBlocking();
  Future<void> call =
      Message("block").Timeout(absl::Hours(1)).SendAndConfirm(peer_);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  EXPECT_TRUE(client_->client().Disconnect(peer_).ok());
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
}

TEST_P(DeadlineTest, NothingIsLeftOfCallsThatEnded) {
  RegisterBlocking();
  Message("block").SendAndConfirm(peer_).Cancel();
  EXPECT_FALSE(
      Message("none").Timeout(kSoon).SendAndConfirm(peer_).Await().ok());
  EXPECT_EQ(client_->node().calls().size(), 0);
}

}  // namespace
}  // namespace am
