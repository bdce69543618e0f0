// What a call is promised, whichever way it goes: the same on every one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "am/task.h"
#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/integration/way_fixture.h"

namespace am {
namespace {

using test::CalculatorAm;
using test::Number;
using ::testing::HasSubstr;

Number NumberOf(std::int64_t value) {
  Number number;
  number.set_value(value);
  return number;
}

absl::StatusOr<Number> Square(Context&, const Number& in) {
  return NumberOf(in.value() * in.value());
}

class CallsTest : public WayTest {
 protected:
  void TearDown() override {
    release_.Set();
    WayTest::TearDown();
  }

  // Handlers of each pattern under bare names.
  void AddHandlers() {
    ASSERT_TRUE(
        server_
            ->RegisterNoReturn(
                "log", [this](Context&, const std::string&) { ran_.Add(); })
            .ok());
    ASSERT_TRUE(server_
                    ->RegisterAck("check",
                                  [this](Context&, const std::string&) {
                                    ran_.Add();
                                    return absl::OkStatus();
                                  })
                    .ok());
    ASSERT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
    ASSERT_TRUE(server_->Register(CalculatorAm::kSquare, &Square).ok());
  }

  // A handler that holds its calls until they are released or stopped.
  void AddBlocking(const HandlerOptions& options = {}) {
    const auto block = [this](Context& context, const std::string&) {
      const Occupancy::Visit visit(inside_);
      const std::stop_callback on_stop(context.stop_token(), [this] {
        stopped_.Set();
        release_.Set();
      });
      ran_.Add();
      release_.Await();
      return absl::OkStatus();
    };
    ASSERT_TRUE(server_->RegisterAck("block", block, options).ok());
  }

  void StartAll() {
    Start();
    AddHandlers();
    Join();
  }
  void StartBlocking(ManagerOptions server = {},
                     const HandlerOptions& handler = {}) {
    Start(std::move(server));
    AddBlocking(handler);
    Join();
  }
  template <typename F>
  void StartAnswering(F answer) {
    Start();
    ASSERT_TRUE(server_->RegisterResponse("answer", std::move(answer)).ok());
    Join();
  }

  Tally ran_;
  Occupancy inside_;
  Event stopped_;
  Event release_;
};
INSTANTIATE_WAYS(CallsTest);

// -- Patterns ----------------------------------------------------------------

TEST_P(CallsTest, ResponseIsReturned) {
  StartAll();
  EXPECT_EQ(*Ask("echo", "abc"), "abc");
  EXPECT_EQ(*Ask("echo", ""), "");
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(*Ask("echo", large), large);
}

TEST_P(CallsTest, AckComesOnceTheHandlerHasRun) {
  StartAll();
  EXPECT_TRUE(Confirm("check").ok());
  EXPECT_EQ(ran_.value(), 1);
}

TEST_P(CallsTest, OneWayMessageRuns) {
  StartAll();
  EXPECT_TRUE(Message("log").SendDetached(peer_).ok());
  EXPECT_TRUE(ran_.AwaitAtLeast(1));
  EXPECT_EQ(SettledLedger().received.delivered, 1);
}

TEST_P(CallsTest, StubsAwaitAndCallBack) {
  StartAll();
  CalculatorAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(stub.Square(NumberOf(7)).Await()->value(), 49);
  Event done;
  stub.Square(NumberOf(8)).OnDone([&](const absl::StatusOr<Number>& result) {
    EXPECT_EQ(result->value(), 64);
    done.Set();
  });
  EXPECT_TRUE(done.Await());
}

TEST_P(CallsTest, CoroutinesAwait) {
  StartAll();
  const auto relay = [this](Context&,
                            const Number& in) -> Task<absl::StatusOr<Number>> {
    CalculatorAm::Client stub(client_->client(), peer_);
    absl::StatusOr<Number> once = co_await stub.Square(in);
    if (!once.ok()) co_return once;
    co_return co_await stub.Square(*once, {.timeout = absl::Seconds(9)});
  };
  ASSERT_TRUE(server_->Register(CalculatorAm::kRetry, relay).ok());
  CalculatorAm::Client stub(client_->client(), peer_);
  const absl::StatusOr<Number> result = stub.Retry(NumberOf(3)).Await();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->value(), 81);
}

TEST_P(CallsTest, JsonIsAnsweredInJson) {
  StartAll();
  CalculatorAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(stub.Square(NumberOf(7), {.codec = Codec::kJson}).Await()->value(),
            49);
  EXPECT_EQ(*client_->client()
                 .Message("am.test.Calculator/Square")
                 .JsonPayload(R"({"value": 7})")
                 .Expect<std::string>()
                 .Send(peer_)
                 .Await(),
            R"({"value":"49"})");
}

TEST_P(CallsTest, ManyCallsAtOnceEndEach) {
  StartAll();
  std::vector<Future<Number>> calls;
  CalculatorAm::Client stub(client_->client(), peer_);
  for (int i = 0; i < 200; ++i) calls.push_back(stub.Square(NumberOf(i)));
  for (std::int64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(calls[static_cast<std::size_t>(i)].Await()->value(), i * i);
  }
}

TEST_P(CallsTest, ContextTellsOfTheMessage) {
  std::string seen;
  StartAnswering(
      [&](Context& context, const std::string&) -> absl::StatusOr<std::string> {
        EXPECT_EQ(context.sender(), client_->instance_id());
        EXPECT_EQ(context.handler(), "am.v1.Handlers/answer");
        EXPECT_NE(context.call_id(), 0);
        EXPECT_LE(context.remaining(), absl::Seconds(7));
        EXPECT_GT(context.remaining(), absl::ZeroDuration());
        return context.metadata().at(0).second;
      });
  EXPECT_EQ(*Message("answer")
                 .AddMetadata("colour", "blue")
                 .Timeout(absl::Seconds(7))
                 .Expect<std::string>()
                 .Send(peer_)
                 .Await(),
            "blue");
}

// -- What is refused ---------------------------------------------------------

TEST_P(CallsTest, UnknownHandlerIsUnimplemented) {
  StartAll();
  EXPECT_EQ(Confirm("nobody").code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(Message("nobody").SendDetached(peer_).ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

TEST_P(CallsTest, DeregisteredHandlerIsUnimplemented) {
  StartAll();
  EXPECT_TRUE(Confirm("check").ok());
  ASSERT_TRUE(server_->Deregister("check").ok());
  EXPECT_EQ(Confirm("check").code(), absl::StatusCode::kUnimplemented);
}

TEST_P(CallsTest, OtherPatternIsAFailedPrecondition) {
  StartAll();
  EXPECT_EQ(Ask("check").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Confirm("echo").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Confirm("log").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Message("check").SendDetached(peer_).ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
  EXPECT_EQ(ran_.value(), 0);
}

TEST_P(CallsTest, PayloadThatDoesNotDecodeIsAnInvalidArgument) {
  StartAll();
  const absl::Status status =
      Ask("am.test.Calculator/Square", "raw bytes").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("am.test.Number"));
}

TEST_P(CallsTest, WhatWaitsIsBounded) {
  StartBlocking({.execution = {.max_queued = 1}}, {.max_concurrency = 1});
  Future<void> running = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(ran_.AwaitAtLeast(1));
  Future<void> queued = Message("block").SendAndConfirm(peer_);
  while (server_->node().dispatcher().queued() == 0 && !queued.ready()) {
  }
  EXPECT_EQ(Confirm("block").code(), absl::StatusCode::kResourceExhausted);
  release_.Set();
  EXPECT_TRUE(running.Await().ok());
  EXPECT_TRUE(queued.Await().ok());
}

TEST_P(CallsTest, LimitOfAHandlerHolds) {
  StartBlocking({}, {.max_concurrency = 2});
  std::vector<Future<void>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(Message("block").SendAndConfirm(peer_));
  }
  ASSERT_TRUE(ran_.AwaitAtLeast(2));
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(inside_.highest(), 2);
}

TEST_P(CallsTest, MessageAboveTheLimitIsRefusedByWhoeverSeesIt) {
  const std::string large(20'000, 'x');
  Start({.max_message_bytes = 10'000});
  AddHandlers();
  Join({.max_message_bytes = 30'000});
  EXPECT_EQ(Ask("echo", large).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Ask("echo", large + large).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*Ask("echo", "x"), "x");
}

TEST_P(CallsTest, ReplyAboveTheLimitIsRefused) {
  Start({.max_message_bytes = 10'000});
  const auto answer = [](Context&,
                         const std::string&) -> absl::StatusOr<std::string> {
    return std::string(20'000, 'x');
  };
  ASSERT_TRUE(server_->RegisterResponse("answer", answer).ok());
  Join();
  EXPECT_EQ(Ask("answer").status().code(),
            absl::StatusCode::kResourceExhausted);
}

// -- What goes wrong in the handler ------------------------------------------

TEST_P(CallsTest, ErrorArrivesWithCodeTextAndDetails) {
  absl::Status error = absl::OutOfRangeError("too large: \xc3\xa9\n");
  error.SetPayload("type.googleapis.com/x.Y", absl::Cord("why"));
  error.SetPayload("type.googleapis.com/x.Z", absl::Cord(std::string(9000, 0)));
  StartAnswering(
      [&](Context&, const std::string&) -> absl::StatusOr<std::string> {
        return error;
      });
  EXPECT_EQ(Ask("answer").status(), error);
}

TEST_P(CallsTest, HandlerThatThrowsIsInternal) {
  StartAnswering(
      [](Context&, const std::string&) -> absl::StatusOr<std::string> {
        throw std::runtime_error("oh no");
      });
  const absl::Status status = Ask("answer").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("oh no"));
}

TEST_P(CallsTest, OneWayHandlerThatRefusesIsCountedRejected) {
  Start();
  ASSERT_TRUE(server_
                  ->RegisterNoReturn("log",
                                     [](Context& context, const std::string&) {
                                       context.Refuse(absl::AbortedError(""));
                                     })
                  .ok());
  Join();
  ASSERT_TRUE(Message("log").SendDetached(peer_).ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

TEST_P(CallsTest, FailedAttemptOfAnIdempotentHandlerIsRepeated) {
  Start();
  const auto unsteady = [this](Context&,
                               const Number& in) -> absl::StatusOr<Number> {
    ran_.Add();
    if (ran_.value() > 2) return in;
    return absl::UnavailableError("not now");
  };
  ASSERT_TRUE(server_->Register(CalculatorAm::kRetry, unsteady).ok());
  Join();
  CalculatorAm::Client stub(client_->client(), peer_);
  EXPECT_EQ(stub.Retry(NumberOf(5)).Await()->value(), 5);
  EXPECT_EQ(ran_.value(), 3);
}

TEST_P(CallsTest, FailedAttemptOfAnotherHandlerIsNot) {
  StartAnswering(
      [this](Context&, const std::string&) -> absl::StatusOr<std::string> {
        ran_.Add();
        return absl::UnavailableError("not now");
      });
  EXPECT_EQ(Message("answer")
                .Retry({.max_attempts = 3})
                .Expect<std::string>()
                .Send(peer_)
                .Await()
                .status(),
            absl::UnavailableError("not now"));
  EXPECT_EQ(ran_.value(), 1);
}

// -- Ends of other kinds -----------------------------------------------------

TEST_P(CallsTest, AtTheDeadlineTheCallEndsAndItsHandlerHears) {
  StartBlocking();
  Future<void> call =
      Message("block").Timeout(absl::Milliseconds(300)).SendAndConfirm(peer_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(call.Await()));
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(CallsTest, CancellationReachesTheHandler) {
  StartBlocking();
  Future<void> call = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(ran_.AwaitAtLeast(1));
  call.Cancel();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(CallsTest, ShutdownHereEndsEachCallOnce) {
  StartBlocking();
  std::atomic<int> ends = 0;
  for (int i = 0; i < 5; ++i) {
    Message("block").SendAndConfirm(peer_).OnDone([&](const absl::Status& end) {
      EXPECT_TRUE(absl::IsUnavailable(end)) << end;
      ++ends;
    });
  }
  ASSERT_TRUE(ran_.AwaitAtLeast(1));
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(ends, 5);
  EXPECT_TRUE(absl::IsUnavailable(Confirm("block")));
}

TEST_P(CallsTest, ShutdownThereFinishesWhatRuns) {
  StartBlocking();
  Future<void> call = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(ran_.AwaitAtLeast(1));
  std::thread shutdown([&] { EXPECT_TRUE(server_->Shutdown().ok()); });
  while (!server_->node().is_draining()) {
  }
  release_.Set();
  const absl::Status end = call.Await();
  EXPECT_TRUE(end.ok()) << end;
  shutdown.join();
  EXPECT_TRUE(absl::IsUnavailable(Confirm("block")));
}

}  // namespace
}  // namespace am
