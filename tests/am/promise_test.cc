#include "am/promise.h"

#include <gtest/gtest.h>

#include <memory>

#include "am/message_builder.h"
#include "am/simulation/simulated_world.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

class PromiseTest : public testing::Test {
 protected:
  Promise Make(absl::Duration timeout = absl::Seconds(10)) const {
    return Promise(manager_->client(), timeout);
  }

  SimulatedWorld world_{/*seed=*/1};
  std::unique_ptr<Manager> manager_ = world_.MakeManager("alice", {});
};

TEST_F(PromiseTest, EndsAsItsFinisherSays) {
  const Promise promise = Make();
  EXPECT_TRUE(promise.Finish(absl::AbortedError("so")));
  EXPECT_EQ(promise.future().Await(), absl::AbortedError("so"));
}

TEST_F(PromiseTest, EndsOnce) {
  const Promise promise = Make();
  EXPECT_TRUE(promise.Finish());
  EXPECT_FALSE(promise.Finish(absl::AbortedError("again")));
  EXPECT_TRUE(promise.future().Await().ok());
}

TEST_F(PromiseTest, IsLateWhenItsTimeHasPassed) {
  const absl::Time begin = world_.clock().Now();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Make().future().Await()));
  EXPECT_GE(world_.clock().Now() - begin, absl::Seconds(10));
  EXPECT_LE(world_.clock().Now() - begin, absl::Seconds(11));
}

TEST_F(PromiseTest, IsATimerForCallbacks) {
  bool done = false;
  Make(absl::Seconds(1)).future().OnDone([&](const absl::Status&) {
    done = true;
  });
  world_.Run(absl::Milliseconds(900));
  EXPECT_FALSE(done);
  world_.Run(absl::Milliseconds(200));
  EXPECT_TRUE(done);
}

TEST_F(PromiseTest, OutlivesItsFutureAndEndsWithItsInstance) {
  const Promise promise = Make();
  { Future<void> dropped = promise.future(); }
  EXPECT_FALSE(promise.Finish());
  const Promise other = Make();
  Future<void> awaited = other.future();
  manager_.reset();
  EXPECT_TRUE(absl::IsUnavailable(awaited.Await()));
}

TEST_F(PromiseTest, ConnectingMayBeAwaitedTheSameWay) {
  const std::unique_ptr<Manager> bob = world_.MakeManager("bob", {});
  Future<v1::PeerInfo> connecting =
      manager_->client().StartConnect("inproc://bob", absl::Seconds(1));
  EXPECT_FALSE(connecting.ready());
  EXPECT_EQ(connecting.Await()->id(), bob->instance_id().value());
  EXPECT_EQ(manager_->client()
                .StartConnect("nonsense", absl::Seconds(1))
                .Await()
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

Task<void> WaitAndNote(const Client& client, absl::Status& result) {
  result = co_await Promise(client, absl::Seconds(5)).future();
}

TEST_F(PromiseTest, BackgroundWorkOutlivesTheHandlerThatBeganIt) {
  absl::Status result;
  const auto begin = [&](Context& context, const std::string&) {
    StartInBackground(WaitAndNote(context.client(), result));
    return absl::OkStatus();
  };
  ASSERT_TRUE(manager_->RegisterAck("begin", begin).ok());
  ASSERT_TRUE(manager_->client()
                  .Message("begin")
                  .Timeout(absl::Seconds(1))
                  .SendAndConfirm(manager_->instance_id())
                  .Await()
                  .ok());
  EXPECT_TRUE(result.ok());
  world_.Run(absl::Seconds(6));
  EXPECT_TRUE(absl::IsDeadlineExceeded(result)) << result;
}

}  // namespace
}  // namespace am
