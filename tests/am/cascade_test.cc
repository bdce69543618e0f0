// Cancellation over two hops: alice calls bob, whose handler calls carol.
#include <gtest/gtest.h>

#include <stop_token>
#include <string>

#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class CascadeTest : public PlaneTest {
 protected:
  void SetUp() override {
    alice_ = world_.MakeManager();
    bob_ = world_.MakeManager();
    carol_ = world_.MakeManager();
    to_bob_ = world_.Connect(*alice_, *bob_);
    to_carol_ = world_.Connect(*bob_, *carol_);
    const auto block = [this](Context& context, const std::string&) {
      const std::stop_callback on_stop(context.stop_token(),
                                       [this] { stopped_.Add(); });
      entered_.Add();
      release_.Await();
      return absl::OkStatus();
    };
    EXPECT_TRUE(carol_->RegisterAck("block", block).ok());
    EXPECT_TRUE(carol_->RegisterAck("ok", &AlwaysOk).ok());
  }

  void TearDown() override {
    release_.Set();
    alice_.reset();
    bob_.reset();
    carol_.reset();
  }

  // Bob's "forward" calls a handler of carol's by name and notes how that ends.
  void RegisterForward() {
    const auto forward = [this](Context& context, const std::string& name) {
      return Note(Ask(context, name).Await());
    };
    EXPECT_TRUE(bob_->RegisterAck("forward", forward).ok());
  }

  void RegisterForwardAsCoroutine() {
    const auto forward = [this](Context& context,
                                const std::string& name) -> Task<absl::Status> {
      co_return Note(co_await Ask(context, name));
    };
    EXPECT_TRUE(bob_->RegisterAck("forward", forward).ok());
  }

  Future<void> Ask(Context& context, const std::string& name) const {
    return context.client().Message(name).SendAndConfirm(to_carol_);
  }

  absl::Status Note(absl::Status status) {
    nested_ = status.code();
    noted_.Set();
    return status;
  }

  Future<void> Call(absl::string_view name) const {
    return alice_->client().Message("forward").Payload(name).SendAndConfirm(
        to_bob_);
  }

  // Drops a call to "forward" once so many handlers hold theirs.
  void DropBlockedCall(int entered = 1) {
    const Future<void> call = Call("block");
    ASSERT_TRUE(entered_.AwaitAtLeast(entered));
  }

  std::unique_ptr<Manager> alice_, bob_, carol_;
  InstanceId to_bob_, to_carol_;
  Tally entered_;
  Tally stopped_;
  Event release_;
  Event noted_;
  absl::StatusCode nested_ = absl::StatusCode::kUnknown;
};
INSTANTIATE_PLANES(CascadeTest);

TEST_P(CascadeTest, DroppedFutureCancelsTheCallsOfItsHandler) {
  RegisterForward();
  DropBlockedCall();
  EXPECT_TRUE(stopped_.AwaitAtLeast(1));
  ASSERT_TRUE(noted_.Await());
  EXPECT_EQ(nested_, absl::StatusCode::kCancelled);
}

TEST_P(CascadeTest, DroppedFutureCancelsTheCallsOfItsCoroutine) {
  RegisterForwardAsCoroutine();
  DropBlockedCall();
  EXPECT_TRUE(stopped_.AwaitAtLeast(1));
  ASSERT_TRUE(noted_.Await());
  EXPECT_EQ(nested_, absl::StatusCode::kCancelled);
}

TEST_P(CascadeTest, DeadlineEndsTheCallsOfItsHandler) {
  RegisterForward();
  EXPECT_EQ(alice_->client()
                .Message("forward")
                .Payload("block")
                .Timeout(absl::Milliseconds(30))
                .SendAndConfirm(to_bob_)
                .Await()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(stopped_.AwaitAtLeast(1));
}

// Whether it runs inline or not by then.
TEST_P(CascadeTest, HandlerThatHasProvedQuickIsReachedToo) {
  RegisterForward();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Call("ok").Await().ok());
  DropBlockedCall();
  EXPECT_TRUE(stopped_.AwaitAtLeast(1));
}

TEST_P(CascadeTest, CallMadeAfterTheCancellationIsNotSent) {
  Event go;
  const auto late = [&](Context& context, const std::string&) {
    const std::stop_callback on_stop(context.stop_token(), [&] { go.Set(); });
    entered_.Add();
    go.Await();
    return Note(Ask(context, "ok").Await());
  };
  ASSERT_TRUE(bob_->RegisterAck("forward", late).ok());
  DropBlockedCall();
  ASSERT_TRUE(noted_.Await());
  EXPECT_EQ(nested_, absl::StatusCode::kCancelled);
  EXPECT_EQ(bob_->node().counters().of(Counter::kCancelled), 0);
}

TEST_P(CascadeTest, CallsThatEndedAreNotTouched) {
  RegisterForward();
  EXPECT_TRUE(Call("ok").Await().ok());
  EXPECT_EQ(nested_, absl::StatusCode::kOk);
  EXPECT_EQ(bob_->node().counters().of(Counter::kCancelled), 0);
  EXPECT_EQ(alice_->node().counters().of(Counter::kCancelled), 0);
}

TEST_P(CascadeTest, ManyCallsEndTogether) {
  const auto spread = [this](Context& context, const std::string&) {
    std::vector<Future<void>> calls;
    for (int i = 0; i < 20; ++i) calls.push_back(Ask(context, "block"));
    for (Future<void>& call : calls) static_cast<void>(Note(call.Await()));
    return absl::OkStatus();
  };
  ASSERT_TRUE(bob_->RegisterAck("forward", spread).ok());
  DropBlockedCall(20);
  ASSERT_TRUE(noted_.Await());
  EXPECT_TRUE(bob_->Shutdown().ok());
  EXPECT_EQ(nested_, absl::StatusCode::kCancelled);
  EXPECT_EQ(bob_->node().counters().of(Counter::kCancelled), 20);
}

}  // namespace
}  // namespace am
