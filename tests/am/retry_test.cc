// Calls that are sent again, from end to end.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using test::CalculatorAm;
using test::Number;

// As often as it takes, without wasting time.
constexpr RetryPolicy kPatient{.max_attempts = 1'000'000,
                               .initial_backoff = absl::Milliseconds(1),
                               .max_backoff = absl::Milliseconds(2)};

class RetryTest : public PairTest {
 protected:
  void StartBlocking(ManagerOptions server = {}) {
    Start(std::move(server));
    const auto block =
        [this](Context&,
               const std::string& text) -> absl::StatusOr<std::string> {
      runs_.Add();
      release_.Await();
      return text;
    };
    EXPECT_TRUE(
        server_->RegisterResponse("block", block, {.max_concurrency = 1}).ok());
  }

  // Fails so many times, then succeeds.
  void RegisterUnsteady(int failures) {
    const auto retry = [this, failures](
                           Context&,
                           const Number& number) -> absl::StatusOr<Number> {
      runs_.Add();
      if (runs_.value() > failures) return number;
      return absl::UnavailableError("not now");
    };
    EXPECT_TRUE(server_->Register(CalculatorAm::kRetry, retry).ok());
  }

  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  Future<std::string> Begin(absl::string_view handler,
                            const RetryPolicy& policy) {
    return Message(handler).Retry(policy).Expect<std::string>().Send(peer_);
  }

  std::uint64_t Retried() const {
    return client_->node().counters().of(Counter::kRetried);
  }

  Tally runs_;
  Event release_;
};
INSTANTIATE_PLANES(RetryTest);

TEST_P(RetryTest, CallRefusedForOverloadSucceedsLater) {
  StartBlocking({.execution = {.max_queued = 1}});
  Future<std::string> running = Begin("block", {});
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  Future<std::string> queued = Begin("block", {});
  Future<std::string> refused = Begin("block", kPatient);
  EXPECT_TRUE(ServesUntil([&] { return Retried() >= 3; }));
  EXPECT_FALSE(refused.ready());
  release_.Set();
  EXPECT_TRUE(running.Await().ok());
  EXPECT_TRUE(queued.Await().ok());
  EXPECT_EQ(refused.Await().value(), "x");
  EXPECT_EQ(runs_.value(), 3);
}

TEST_P(RetryTest, LostAndFoundPeerIsAskedAgainAndTheCallRunsOnce) {
  StartBlocking();
  Future<std::string> call = Begin("block", kPatient);
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  ASSERT_TRUE(client_->client().Disconnect(peer_).ok());
  EXPECT_FALSE(call.ready());
  world_.Connect(*client_, *server_);
  const Counters& theirs = server_->node().counters();
  EXPECT_TRUE(ServesUntil([&] { return theirs.of(Counter::kJoined) >= 1; }));
  release_.Set();
  EXPECT_EQ(call.Await().value(), "x");
  EXPECT_EQ(runs_.value(), 1);
}

TEST_P(RetryTest, CallWithoutAPolicyEndsWithItsPeer) {
  StartBlocking();
  Future<std::string> call = Begin("block", {});
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  ASSERT_TRUE(client_->client().Disconnect(peer_).ok());
  EXPECT_EQ(call.Await().status().code(), absl::StatusCode::kUnavailable);
}

TEST_P(RetryTest, AttemptsAreBounded) {
  Start();
  const InstanceId nobody(~peer_.value());
  RetryPolicy policy = kPatient;
  policy.max_attempts = 4;
  EXPECT_EQ(Message("none").Retry(policy).SendAndConfirm(nobody).Await().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Retried(), 3);
}

TEST_P(RetryTest, FailureOfAHandlerIsNotRetried) {
  Start();
  const auto fail = [this](Context&, const std::string&) {
    runs_.Add();
    return absl::UnavailableError("not now");
  };
  ASSERT_TRUE(server_->RegisterAck("fail", fail).ok());
  EXPECT_EQ(
      Message("fail").Retry(kPatient).SendAndConfirm(peer_).Await().code(),
      absl::StatusCode::kUnavailable);
  EXPECT_EQ(runs_.value(), 1);
}

TEST_P(RetryTest, FailureOfAnIdempotentHandlerIsAsItsContractSays) {
  Start();
  RegisterUnsteady(2);
  const CalculatorAm::Client stub(client_->client(), peer_);
  Number five;
  five.set_value(5);
  EXPECT_EQ(stub.Retry(five).Await()->value(), 5);
  EXPECT_EQ(runs_.value(), 3);
}

TEST_P(RetryTest, CallersPolicyGoesBeforeTheContracts) {
  Start();
  RegisterUnsteady(2);
  const CalculatorAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(
      stub.Retry({}, {.retry = {.max_attempts = 1}}).Await().status().code(),
      absl::StatusCode::kUnavailable);
  EXPECT_EQ(runs_.value(), 1);
}

TEST_P(RetryTest, CodesThatAreNotAskedForEndTheCall) {
  Start();
  EXPECT_EQ(Begin("none", kPatient).Await().status().code(),
            absl::StatusCode::kUnimplemented);
  RetryPolicy policy = kPatient;
  policy.codes = {absl::StatusCode::kUnimplemented};
  Future<std::string> call = Begin("later", policy);
  EXPECT_TRUE(ServesUntil([&] { return Retried() >= 1; }));
  ASSERT_TRUE(server_->RegisterResponse("later", &Echo).ok());
  EXPECT_EQ(call.Await().value(), "x");
}

TEST_P(RetryTest, CallThatWaitsForItsNextAttemptCanBeCancelled) {
  StartBlocking();
  RetryPolicy slow = kPatient;
  slow.initial_backoff = slow.max_backoff = absl::Hours(1);
  Future<std::string> call = Message("none")
                                 .Retry(slow)
                                 .Timeout(absl::Hours(20))
                                 .Expect<std::string>()
                                 .Send(InstanceId(~peer_.value()));
  EXPECT_FALSE(call.ready());
  call.Cancel();
  EXPECT_EQ(client_->node().calls().size(), 0);
}

TEST_P(RetryTest, CallThatWaitsForItsNextAttemptEndsWithTheShutdown) {
  StartBlocking();
  RetryPolicy slow = kPatient;
  slow.initial_backoff = slow.max_backoff = absl::Hours(1);
  Future<void> call = Message("none")
                          .Retry(slow)
                          .Timeout(absl::Hours(20))
                          .SendAndConfirm(InstanceId(~peer_.value()));
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
}

TEST_P(RetryTest, ManyCallsUnderOverloadRunOnceEach) {
  Start({.execution = {.max_queued = 4}});
  const auto count = [this](Context&, const std::string&) {
    runs_.Add();
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      server_
          ->RegisterAck("count", count,
                        {.max_concurrency = 1, .execution = Execution::kPool})
          .ok());
  std::vector<Future<void>> calls;
  for (int i = 0; i < 300; ++i) {
    calls.push_back(Message("count").Retry(kPatient).SendAndConfirm(peer_));
  }
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(runs_.value(), 300);
}

}  // namespace
}  // namespace am
