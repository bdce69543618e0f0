#include "am/context.h"

#include "am/clock.h"
#include "gtest/gtest.h"

namespace am {

class Client {};

namespace {

struct FakeClock final : Clock {
  absl::Time Now() const override { return now; }
  absl::Time now = absl::UnixEpoch();
};

struct World {
  FakeClock clock;
  Client client;
  std::stop_source stop;

  Context Handle(const Context::Origin& origin) {
    return Context(origin, clock, client, stop);
  }
};

TEST(Context, SaysWhatTheMessageSays) {
  World world;
  Context context = world.Handle({.sender = InstanceId(7),
                                  .handler = "acme.Inference/Compute",
                                  .call_id = 8,
                                  .codec = Codec::kJson});
  EXPECT_EQ(context.sender(), InstanceId(7));
  EXPECT_EQ(context.handler(), "acme.Inference/Compute");
  EXPECT_EQ(context.call_id(), 8u);
  EXPECT_EQ(context.codec(), Codec::kJson);
  EXPECT_EQ(&context.client(), &world.client);
}

TEST(Context, DecodesMetadata) {
  World world;
  const std::string bytes = *EncodeMetadata({{"trace-id", "1"}});
  Context context = world.Handle({.metadata = bytes});
  EXPECT_EQ(context.metadata(), (Metadata{{"trace-id", "1"}}));
}

TEST(Context, HasTheTimeThatRemains) {
  World world;
  const absl::Time deadline = world.clock.now + absl::Seconds(3);
  Context context = world.Handle({.deadline = deadline});
  EXPECT_EQ(context.deadline(), deadline);
  world.clock.now += absl::Seconds(1);
  EXPECT_EQ(context.remaining(), absl::Seconds(2));
  world.clock.now += absl::Seconds(10);
  EXPECT_EQ(context.remaining(), absl::ZeroDuration());
}

TEST(Context, WithoutADeadlineHasAllTime) {
  World world;
  Context context = world.Handle({});
  EXPECT_EQ(context.remaining(), absl::InfiniteDuration());
  EXPECT_FALSE(context.cancelled());
}

TEST(Context, IsCancelledAtItsDeadline) {
  World world;
  Context context =
      world.Handle({.deadline = world.clock.now + absl::Seconds(1)});
  EXPECT_FALSE(context.cancelled());
  world.clock.now += absl::Seconds(1);
  EXPECT_TRUE(context.cancelled());
  EXPECT_FALSE(context.stop_token().stop_requested());
}

TEST(Context, IsCancelledWhenStopped) {
  World world;
  Context context = world.Handle({});
  world.stop.request_stop();
  EXPECT_TRUE(context.cancelled());
}

TEST(Context, KeepsARefusal) {
  World world;
  Context context = world.Handle({});
  EXPECT_TRUE(context.refusal().ok());
  context.Refuse(absl::AbortedError("no"));
  EXPECT_EQ(context.refusal(), absl::AbortedError("no"));
}

}  // namespace
}  // namespace am
