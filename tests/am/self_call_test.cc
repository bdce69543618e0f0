// Messages of an instance to itself: handlers, limits and ends as for others.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class SelfCallTest : public PlaneTest {
 protected:
  Future<std::string> Ask(absl::string_view handler) const {
    return manager_->client()
        .Message(handler)
        .Payload("x")
        .Expect<std::string>()
        .Send(manager_->instance_id());
  }

  // What handlers wait for outlives them.
  Event running_, stopped_;
  Tally told_;
  std::unique_ptr<Manager> manager_ = world_.MakeManager();
};
INSTANTIATE_TEST_SUITE_P(, SelfCallTest, testing::Values(Carrier::kInProcess));

TEST_P(SelfCallTest, IsAnswered) {
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Ask("echo").Await().value(), "x");
}

TEST_P(SelfCallTest, OfAHandlerThatIsNotThereIsRefused) {
  EXPECT_TRUE(absl::IsUnimplemented(Ask("none").Await().status()));
}

TEST_P(SelfCallTest, MayBeMadeWithinAHandler) {
  ASSERT_TRUE(manager_->RegisterResponse("inner", Echo).ok());
  const auto outer = [this](Context& context, const std::string&) {
    EXPECT_EQ(context.sender(), manager_->instance_id());
    return Ask("inner").Await();
  };
  ASSERT_TRUE(manager_->RegisterResponse("outer", outer).ok());
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Ask("outer").Await().value(), "x");
}

TEST_P(SelfCallTest, CancellingReachesTheHandler) {
  const auto wait = [this](Context& context, const std::string&) {
    std::stop_callback on_stop(context.stop_token(),
                               [this] { stopped_.Set(); });
    running_.Set();
    stopped_.Await();
    return absl::StatusOr<std::string>("");
  };
  ASSERT_TRUE(manager_->RegisterResponse("wait", wait).ok());
  Future<std::string> call = Ask("wait");
  EXPECT_TRUE(running_.Await());
  call.Cancel();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(SelfCallTest, OneWayMessagesOfAnOrderedHandlerRunInOrder) {
  constexpr int kMessages = 200;
  std::vector<std::string> seen;
  const auto note = [&](Context&, const std::string& in) {
    seen.push_back(in);
    told_.Add();
  };
  ASSERT_TRUE(manager_->RegisterNoReturn("note", note, {.ordered = true}).ok());
  std::vector<std::string> sent;
  for (int i = 0; i < kMessages; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(manager_->client()
                    .Message("note")
                    .Payload(sent.back())
                    .SendDetached(manager_->instance_id())
                    .ok());
  }
  ASSERT_TRUE(told_.AwaitAtLeast(kMessages));
  EXPECT_EQ(seen, sent);
}

}  // namespace
}  // namespace am
