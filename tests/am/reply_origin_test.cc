// Who says how a call ended.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "am/pending_call.h"
#include "am/simulation/simulated_world.h"

namespace am {
namespace {

class ReplyOriginTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto fail = [](Context&, const std::string&) {
      return absl::UnavailableError("the handler says so");
    };
    ASSERT_TRUE(bob_->RegisterAck("fail", fail).ok());
    ASSERT_TRUE(alice_->client().Connect("inproc://bob").ok());
  }

  std::shared_ptr<PendingCall> Begin(absl::string_view name) const {
    const std::string full = FullHandlerName(name);
    MethodSpec spec;
    spec.name = full;
    spec.id = HandlerId(full);
    spec.pattern = Pattern::kAck;
    return alice_->client().StartCall(spec, bob_->instance_id(), Payload(), {});
  }

  static ReplyOrigin OriginOf(PendingCall& call) {
    call.Wait();
    const Reply reply = call.TakeReply();
    EXPECT_FALSE(reply.status.ok());
    return reply.origin;
  }

  SimulatedWorld world_{/*seed=*/1};
  std::unique_ptr<Manager> alice_ = world_.MakeManager("alice", {});
  std::unique_ptr<Manager> bob_ = world_.MakeManager("bob", {});
};

TEST_F(ReplyOriginTest, IsTheHandlerThatRan) {
  EXPECT_EQ(OriginOf(*Begin("fail")), ReplyOrigin::kHandler);
}

TEST_F(ReplyOriginTest, IsThePeerThatRefused) {
  EXPECT_EQ(OriginOf(*Begin("none")), ReplyOrigin::kRefused);
}

TEST_F(ReplyOriginTest, IsHereWhenThePeerIsLost) {
  const std::shared_ptr<PendingCall> call = Begin("fail");
  world_.Kill("bob");
  EXPECT_EQ(OriginOf(*call), ReplyOrigin::kHere);
}

}  // namespace
}  // namespace am
