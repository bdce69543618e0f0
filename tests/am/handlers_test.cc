// Which handlers an instance has: registering, deregistering, events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using test::CalculatorAm;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Calculator final : public CalculatorAm::Service {};

class HandlersTest : public PairTest {
 protected:
  void SetUp() override { Start(); }
};
INSTANTIATE_PLANES(HandlersTest);

TEST_P(HandlersTest, TakenNameIsRefused) {
  EXPECT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  const absl::Status again = server_->RegisterAck("one", &AlwaysOk);
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.message()), HasSubstr("one"));
  EXPECT_TRUE(Confirm("one").ok());
}

TEST_P(HandlersTest, ServiceIsAddedWholeOrNotAtAll) {
  Calculator service;
  ASSERT_TRUE(server_
                  ->Register(CalculatorAm::kSquare,
                             [](Context&, const test::Number& number) {
                               return absl::StatusOr<test::Number>(number);
                             })
                  .ok());
  EXPECT_EQ(server_->Register(service).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(server_->ListHandlers(),
              Not(Contains("am.test.Calculator/Note")));
}

TEST_P(HandlersTest, NamesThatAreNoneAreRefused) {
  for (const char* name : {"", "_one", "1one", "one two", "a.b/", "/", "a-b"}) {
    EXPECT_EQ(server_->RegisterAck(name, &AlwaysOk).code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST_P(HandlersTest, DeregisteredHandlerIsUnimplemented) {
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  EXPECT_TRUE(Confirm("one").ok());
  EXPECT_TRUE(server_->Deregister("one").ok());
  EXPECT_EQ(Confirm("one").code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(server_->Deregister("one").code(), absl::StatusCode::kNotFound);
}

TEST_P(HandlersTest, NameIsFreeAfterDeregistration) {
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  ASSERT_TRUE(server_->Deregister("one").ok());
  EXPECT_TRUE(server_->RegisterResponse("one", &Echo).ok());
  EXPECT_EQ(*Ask("one", "new"), "new");
}

TEST_P(HandlersTest, RunningCallSurvivesDeregistration) {
  Event entered;
  Event release;
  const auto handle = [&](Context&, const std::string&) {
    entered.Set();
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("one", handle).ok());
  Future<void> call = Message("one").SendAndConfirm(peer_);
  ASSERT_TRUE(entered.Await());
  EXPECT_TRUE(server_->Deregister("one").ok());
  release.Set();
  EXPECT_TRUE(call.Await().ok());
  server_.reset();
}

TEST_P(HandlersTest, OwnHandlersOfTheFrameworkStay) {
  EXPECT_FALSE(server_->Deregister("am.v1.Node/HealthCheck").ok());
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
}

TEST_P(HandlersTest, EachChangeIsToldInOrder) {
  std::vector<std::pair<HandlerEvent::Kind, std::string>> events;
  server_->OnHandlerEvent([&](const HandlerEvent& event) {
    events.emplace_back(event.kind, event.name);
  });
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  ASSERT_FALSE(server_->RegisterAck("one", &AlwaysOk).ok());
  ASSERT_TRUE(server_->Deregister("one").ok());
  using Kind = HandlerEvent::Kind;
  EXPECT_THAT(
      events,
      ElementsAre(std::pair(Kind::kRegistered, "am.v1.Handlers/one"),
                  std::pair(Kind::kDeregistered, "am.v1.Handlers/one")));
}

TEST_P(HandlersTest, ListIsInOrderOfTheNames) {
  ASSERT_TRUE(server_->RegisterAck("two", &AlwaysOk).ok());
  ASSERT_TRUE(server_->RegisterAck("one", &AlwaysOk).ok());
  const std::vector<std::string> names = server_->ListHandlers();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, Contains("am.v1.Handlers/one"));
  EXPECT_THAT(names, Contains("am.v1.Node/HealthCheck"));
}

TEST(HandlerTable, NamesOfOneIdAreRefused) {
  HandlerTable table([](absl::string_view) -> std::uint64_t { return 7; });
  const auto add = [&table](const std::string& name) {
    std::vector<HandlerBinding> bindings;
    bindings.push_back(internal::BindBare<std::string, void, Pattern::kAck>(
        name, &AlwaysOk, {}));
    return table.Add(std::move(bindings));
  };
  EXPECT_TRUE(add("am.v1.Handlers/one").ok());
  const absl::Status collision = add("am.v1.Handlers/two");
  EXPECT_EQ(collision.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(collision.message()), HasSubstr("same id"));
  EXPECT_FALSE(table.Has("am.v1.Handlers/two"));
}

}  // namespace
}  // namespace am
