// Typed handlers take JSON as well, and answer in the codec of the request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/am/calculator.am.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using test::CalculatorAm;
using test::Number;
using ::testing::HasSubstr;

class Calculator final : public CalculatorAm::Service {
 public:
  absl::StatusOr<Number> Square(Context& context,
                                const Number& number) override {
    EXPECT_EQ(context.codec(), Codec::kJson);
    Number square;
    square.set_value(number.value() * number.value());
    return square;
  }
};

class JsonTest : public PairTest {
 protected:
  void SetUp() override {
    Start();
    EXPECT_TRUE(server_->Register(calculator_).ok());
  }
  void TearDown() override { server_.reset(); }

  MessageBuilder Square() {
    return client_->client().Message("am.test.Calculator/Square");
  }

  Calculator calculator_;
};
INSTANTIATE_PLANES(JsonTest);

TEST_P(JsonTest, TextIsAnsweredWithText) {
  const auto reply = Square()
                         .JsonPayload(R"({"value": "12"})")
                         .Expect<std::string>()
                         .Send(peer_)
                         .Await();
  EXPECT_EQ(reply.value_or("failed"), R"({"value":"144"})");
}

TEST_P(JsonTest, MessagesTravelAsText) {
  Number number;
  number.set_value(5);
  const auto reply =
      Square().JsonPayload(number).Expect<Number>().Send(peer_).Await();
  EXPECT_EQ(reply->value(), 25);
}

TEST_P(JsonTest, StubsMayAskForIt) {
  CalculatorAm::Client stub(client_->client(), peer_);
  Number number;
  number.set_value(6);
  EXPECT_EQ(stub.Square(number, {.codec = Codec::kJson}).Await()->value(), 36);
}

TEST_P(JsonTest, MalformedTextIsAnInvalidArgument) {
  const auto reply =
      Square().JsonPayload("{oops").Expect<Number>().Send(peer_).Await();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr("am.test.Number"));
}

TEST_P(JsonTest, UnknownFieldIsAnInvalidArgument) {
  const auto reply = Square()
                         .JsonPayload(R"({"worth": 1})")
                         .Expect<Number>()
                         .Send(peer_)
                         .Await();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("worth"));
}

TEST_P(JsonTest, HandlerOfBytesGetsTheTextAsItIs) {
  ASSERT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
  const auto reply = client_->client()
                         .Message("echo")
                         .JsonPayload("{oops")
                         .Expect<std::string>()
                         .Send(peer_)
                         .Await();
  EXPECT_EQ(reply.value_or("failed"), "{oops");
}

}  // namespace
}  // namespace am
