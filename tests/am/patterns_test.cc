// The three patterns, through generated stubs and through closures, sync and
// coroutine; how each of them fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

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

absl::Status CheckPositive(const Number& number) {
  if (number.value() > 0) return absl::OkStatus();
  absl::Status status = absl::OutOfRangeError("not positive");
  status.SetPayload("type.example/number", absl::Cord("why"));
  return status;
}

class Calculator final : public CalculatorAm::Service {
 public:
  explicit Calculator(Tally& noted) : noted_(noted) {}
  void Note(Context&, const Number&) override { noted_.Add(); }
  absl::Status Check(Context&, const Number& number) override {
    return CheckPositive(number);
  }
  absl::StatusOr<Number> Square(Context&, const Number& number) override {
    return NumberOf(number.value() * number.value());
  }

 private:
  Tally& noted_;
};

class CoCalculator final : public CalculatorAm::CoService {
 public:
  explicit CoCalculator(Tally& noted) : noted_(noted) {}
  Task<void> Note(Context&, const Number&) override {
    noted_.Add();
    co_return;
  }
  Task<absl::Status> Check(Context&, const Number& number) override {
    co_return CheckPositive(number);
  }
  Task<absl::StatusOr<Number>> Square(Context&, const Number& number) override {
    co_return NumberOf(number.value() * number.value());
  }

 private:
  Tally& noted_;
};

// Stubs that call a service over the wire.
template <typename Service>
class StubTest : public PairTest {
 protected:
  void SetUp() override {
    Start();
    EXPECT_TRUE(server_->Register(service_).ok());
    stub_.emplace(client_->client(), peer_);
  }

  // Their manager must go first.
  void TearDown() override {
    client_.reset();
    server_.reset();
  }

  void ExpectAllPatternsWork() {
    EXPECT_TRUE(stub_->Note(NumberOf(1)).ok());
    EXPECT_TRUE(noted_.AwaitAtLeast(1));
    EXPECT_TRUE(stub_->Check(NumberOf(2)).Await().ok());
    EXPECT_EQ(stub_->Square(NumberOf(3)).Await()->value(), 9);
  }

  Tally noted_;
  Service service_{noted_};
  std::optional<CalculatorAm::Client> stub_;
};

using ServiceTest = StubTest<Calculator>;
INSTANTIATE_PLANES(ServiceTest);

TEST_P(ServiceTest, AllPatternsWork) { ExpectAllPatternsWork(); }

TEST_P(ServiceTest, ErrorArrivesWithCodeTextAndDetails) {
  const absl::Status status = stub_->Check(NumberOf(0)).Await();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "not positive");
  EXPECT_EQ(status.GetPayload("type.example/number"), absl::Cord("why"));
}

TEST_P(ServiceTest, MethodThatIsNotOverriddenIsUnimplemented) {
  EXPECT_EQ(stub_->Hurry(NumberOf(1)).Await().status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST_P(ServiceTest, CallbackGetsTheResult) {
  Event done;
  std::int64_t value = 0;
  stub_->Square(NumberOf(4)).OnDone([&](absl::StatusOr<Number> number) {
    value = number->value();
    done.Set();
  });
  ASSERT_TRUE(done.Await());
  EXPECT_EQ(value, 16);
}

TEST_P(ServiceTest, CoroutineGetsTheResult) {
  Event done;
  std::int64_t value = 0;
  const auto task = [&]() -> Task<void> {
    const absl::StatusOr<Number> nine = co_await stub_->Square(NumberOf(3));
    const absl::StatusOr<Number> all = co_await stub_->Square(*nine);
    value = all->value();
    done.Set();
  };
  StartTask(task());
  ASSERT_TRUE(done.Await());
  EXPECT_EQ(value, 81);
}

using CoServiceTest = StubTest<CoCalculator>;
INSTANTIATE_PLANES(CoServiceTest);

TEST_P(CoServiceTest, AllPatternsWork) { ExpectAllPatternsWork(); }

TEST_P(CoServiceTest, ErrorArrivesWithCodeTextAndDetails) {
  const absl::Status status = stub_->Check(NumberOf(0)).Await();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.GetPayload("type.example/number"), absl::Cord("why"));
}

// Closures under bare names.
class ClosureTest : public PairTest {
 protected:
  void SetUp() override { Start(); }
};
INSTANTIATE_PLANES(ClosureTest);

TEST_P(ClosureTest, PlainFunctionsServeAllPatterns) {
  Tally logged;
  ASSERT_TRUE(
      server_
          ->RegisterNoReturn(
              "log", [&](Context&, const std::string&) { logged.Add(); })
          .ok());
  ASSERT_TRUE(server_->RegisterAck("validate", &AlwaysOk).ok());
  ASSERT_TRUE(server_->RegisterResponse("compute", &Echo).ok());
  EXPECT_TRUE(Tell("log").ok());
  EXPECT_TRUE(logged.AwaitAtLeast(1));
  EXPECT_TRUE(Confirm("validate").ok());
  EXPECT_EQ(*Ask("compute", "42"), "42");
  server_.reset();
}

TEST_P(ClosureTest, CoroutinesServeAllPatterns) {
  Tally logged;
  const auto log = [&](Context&, const std::string&) -> Task<void> {
    logged.Add();
    co_return;
  };
  const auto validate = [](Context&, const std::string&) -> Task<absl::Status> {
    co_return absl::OkStatus();
  };
  const auto compute =
      [](Context&, const std::string& in) -> Task<absl::StatusOr<std::string>> {
    co_return in;
  };
  ASSERT_TRUE(server_->RegisterNoReturn("log", log).ok());
  ASSERT_TRUE(server_->RegisterAck("validate", validate).ok());
  ASSERT_TRUE(server_->RegisterResponse("compute", compute).ok());
  EXPECT_TRUE(Tell("log").ok());
  EXPECT_TRUE(logged.AwaitAtLeast(1));
  EXPECT_TRUE(Confirm("validate").ok());
  EXPECT_EQ(*Ask("compute", "42"), "42");
  server_.reset();
}

TEST_P(ClosureTest, TypedFunctionsDecodeAndEncode) {
  const auto square = [](Context&, const Number& number) {
    return absl::StatusOr<Number>(NumberOf(number.value() * number.value()));
  };
  ASSERT_TRUE(
      (server_->RegisterResponse<Number, Number>("square", square)).ok());
  const absl::StatusOr<Number> nine = client_->client()
                                          .Message("square")
                                          .Payload(NumberOf(3))
                                          .Expect<Number>()
                                          .Send(peer_)
                                          .Await();
  EXPECT_EQ(nine->value(), 9);
}

class Upper final : public ResponseHandler<> {
 public:
  absl::string_view name() const override { return "upper"; }
  absl::StatusOr<std::string> Handle(Context&, const std::string& in) override {
    return "[" + in + "]";
  }
};

TEST_P(ClosureTest, HandlerMayBeAClass) {
  ASSERT_TRUE(server_->Register(std::make_shared<Upper>()).ok());
  EXPECT_EQ(*Ask("upper", "a"), "[a]");
}

TEST_P(ClosureTest, HandlerThatThrowsIsInternal) {
  ASSERT_TRUE(
      server_
          ->RegisterAck("throw",
                        [](Context&, const std::string&) -> absl::Status {
                          throw std::runtime_error("oh no");
                        })
          .ok());
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = Confirm("throw");
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("oh no"));
  }
}

TEST_P(ClosureTest, HandlerThatThrowsAnythingIsInternal) {
  ASSERT_TRUE(
      server_
          ->RegisterResponse("throw",
                             [](Context&, const std::string&)
                                 -> absl::StatusOr<std::string> { throw 42; })
          .ok());
  EXPECT_EQ(Ask("throw").status().code(), absl::StatusCode::kInternal);
}

TEST_P(ClosureTest, CoroutineThatThrowsIsInternal) {
  const auto fail =
      [this](Context&,
             const std::string& in) -> Task<absl::StatusOr<std::string>> {
    co_await client_->client().HealthCheck(InstanceId(1));
    throw std::runtime_error("oh no " + in);
  };
  ASSERT_TRUE(server_->RegisterResponse("throw", fail).ok());
  const absl::Status status = Ask("throw", "again").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("oh no again"));
}

TEST_P(ClosureTest, OneWayHandlerThatThrowsIsCountedRejected) {
  ASSERT_TRUE(server_
                  ->RegisterNoReturn("throw",
                                     [](Context&, const std::string&) {
                                       throw std::runtime_error("oh no");
                                     })
                  .ok());
  ASSERT_TRUE(Tell("throw").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

TEST_P(ClosureTest, OneWayHandlerThatRefusesIsCountedRejected) {
  ASSERT_TRUE(server_
                  ->RegisterNoReturn("log",
                                     [](Context& context, const std::string&) {
                                       context.Refuse(
                                           absl::AbortedError("not now"));
                                     })
                  .ok());
  ASSERT_TRUE(Tell("log").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

TEST_P(ClosureTest, UndecodableInputIsNeverHandled) {
  Tally handled;
  const auto handle = [&](Context&, const Number&) {
    handled.Add();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck<Number>("typed", handle).ok());
  const absl::Status status = Confirm("typed", "raw bytes");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("am.test.Number"));
  EXPECT_EQ(handled.value(), 0);
}

TEST_P(ClosureTest, UndecodableOneWayMessageIsCountedRejected) {
  ASSERT_TRUE(
      server_->RegisterNoReturn<Number>("typed", [](Context&, const Number&) {})
          .ok());
  ASSERT_TRUE(Tell("typed", "raw bytes").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

TEST_P(ClosureTest, ContextTellsOfTheMessage) {
  ASSERT_TRUE(server_
                  ->RegisterResponse(
                      "who",
                      [this](Context& context, const std::string&)
                          -> absl::StatusOr<std::string> {
                        EXPECT_EQ(context.sender(), client_->instance_id());
                        EXPECT_EQ(context.handler(), "am.v1.Handlers/who");
                        EXPECT_NE(context.call_id(), 0);
                        EXPECT_EQ(context.codec(), Codec::kRaw);
                        EXPECT_LE(context.remaining(), absl::Seconds(7));
                        EXPECT_FALSE(context.cancelled());
                        return context.metadata().at(0).second;
                      })
                  .ok());
  const auto told = Message("who")
                        .AddMetadata("colour", "blue")
                        .Timeout(absl::Seconds(7))
                        .Expect<std::string>()
                        .Send(peer_)
                        .Await();
  EXPECT_EQ(told.value_or("failed"), "blue");
}

TEST_P(ClosureTest, ContextsClientAnswersTheSender) {
  Event called_back;
  ASSERT_TRUE(
      client_
          ->RegisterNoReturn(
              "hello", [&](Context&, const std::string&) { called_back.Set(); })
          .ok());
  ASSERT_TRUE(
      server_
          ->RegisterAck("call_me",
                        [](Context& context, const std::string&) {
                          return context.client().Message("hello").SendDetached(
                              context.sender());
                        })
          .ok());
  EXPECT_TRUE(Confirm("call_me").ok());
  EXPECT_TRUE(called_back.Await());
  client_.reset();
}

}  // namespace
}  // namespace am
