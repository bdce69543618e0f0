#include "am/future.h"

#include <optional>
#include <string>
#include <thread>

#include "am/task.h"
#include "google/protobuf/source_context.pb.h"
#include "gtest/gtest.h"
#include "tests/am/fake_call_owner.h"

namespace am {
namespace {

using google::protobuf::SourceContext;
using transport::Buffer;

struct World {
  std::shared_ptr<FakeCallOwner> owner = std::make_shared<FakeCallOwner>();
  std::shared_ptr<PendingCall> call = std::make_shared<PendingCall>(owner);

  void Reply(absl::Status status, std::string payload = "",
             Codec codec = Codec::kRaw) {
    call->Complete({std::move(status), codec, Buffer(std::move(payload))});
  }
};

TEST(Future, AwaitsBytes) {
  World world;
  Future<std::string> future(world.call);
  EXPECT_FALSE(future.ready());
  world.Reply(absl::OkStatus(), "v");
  EXPECT_TRUE(future.ready());
  EXPECT_EQ(*future.Await(), "v");
}

TEST(Future, BlocksUntilTheReply) {
  World world;
  std::thread peer([&] { world.Reply(absl::OkStatus(), "v"); });
  EXPECT_EQ(*Future<std::string>(world.call).Await(), "v");
  peer.join();
}

TEST(Future, AwaitsAMessage) {
  World world;
  world.Reply(absl::OkStatus(), R"({"fileName": "x"})", Codec::kJson);
  EXPECT_EQ(Future<SourceContext>(world.call).Await()->file_name(), "x");
}

TEST(Future, AwaitsAnAcknowledgement) {
  World world;
  world.Reply(absl::OkStatus());
  EXPECT_TRUE(Future<void>(world.call).Await().ok());
}

TEST(Future, HasTheErrorOfTheCall) {
  World world;
  world.Reply(absl::AbortedError("a"));
  EXPECT_EQ(Future<std::string>(world.call).Await().status(),
            absl::AbortedError("a"));
}

TEST(Future, RefusesAValueThatDoesNotDecode) {
  World world;
  world.Reply(absl::OkStatus(), "\xff", Codec::kProtobuf);
  EXPECT_EQ(Future<SourceContext>(world.call).Await().status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Future, MayHaveFailedAlready) {
  Future<std::string> future(absl::UnavailableError("no"));
  EXPECT_TRUE(future.ready());
  EXPECT_EQ(future.Await().status(), absl::UnavailableError("no"));
}

TEST(Future, CallsBackOnceDone) {
  World world;
  std::string seen;
  Future<std::string>(world.call).OnDone([&](absl::StatusOr<std::string> r) {
    seen += *r;
  });
  world.Reply(absl::OkStatus(), "v");
  EXPECT_EQ(seen, "") << "called back within the reply";
  EXPECT_EQ(world.owner->RunResumed(), 1);
  EXPECT_EQ(seen, "v");
  EXPECT_EQ(world.owner->cancelled, 0);
}

TEST(Future, CancelsWhenDropped) {
  World world;
  { Future<void> future(world.call); }
  EXPECT_EQ(world.owner->cancelled, 1);
}

TEST(Future, CancelsNothingThatIsDone) {
  World world;
  {
    Future<void> future(world.call);
    world.Reply(absl::OkStatus());
  }
  EXPECT_EQ(world.owner->cancelled, 0);
}

TEST(Future, CancelsWhatIsAssignedOver) {
  World world, other;
  Future<void> future(world.call);
  future = Future<void>(other.call);
  EXPECT_EQ(world.owner->cancelled, 1);
  EXPECT_EQ(other.owner->cancelled, 0);
  future.Cancel();
  EXPECT_EQ(other.owner->cancelled, 1);
}

TEST(Future, LetsGoWhenDetached) {
  World world;
  Future<void>(world.call).Detach();
  EXPECT_EQ(world.owner->cancelled, 0);
}

TEST(Future, MovesWithoutCancelling) {
  World world;
  Future<std::string> first(world.call);
  Future<std::string> second(std::move(first));
  world.Reply(absl::OkStatus(), "v");
  EXPECT_EQ(*second.Await(), "v");
  EXPECT_EQ(world.owner->cancelled, 0);
}

// -- Coroutines --------------------------------------------------------------

Task<void> AwaitInto(World& world, std::optional<std::string>& seen) {
  absl::StatusOr<std::string> value = co_await Future<std::string>(world.call);
  seen = value.ok() ? *value : std::string(value.status().message());
}

TEST(FutureInCoroutine, ResumesOnceDone) {
  World world;
  std::optional<std::string> seen;
  StartTask(AwaitInto(world, seen));
  EXPECT_EQ(seen, std::nullopt);
  world.Reply(absl::OkStatus(), "v");
  EXPECT_EQ(seen, std::nullopt) << "resumed within the reply";
  EXPECT_EQ(world.owner->RunResumed(), 1);
  EXPECT_EQ(seen, "v");
}

TEST(FutureInCoroutine, DoesNotSuspendWhenDone) {
  World world;
  world.Reply(absl::AbortedError("a"));
  std::optional<std::string> seen;
  StartTask(AwaitInto(world, seen));
  EXPECT_EQ(seen, "a");
}

// A context that is compared and never looked at.
Context* FakeContext() {
  static char place;
  return reinterpret_cast<Context*>(&place);
}

Task<void> AwaitAndTellContext(World& world, Context*& seen) {
  co_await Future<void>(world.call);
  seen = internal::CurrentContext();
}

TEST(FutureInCoroutine, TakesTheContextAlong) {
  World world;
  Context* seen = nullptr;
  internal::ExchangeCurrentContext(FakeContext());
  StartTask(AwaitAndTellContext(world, seen));
  EXPECT_EQ(internal::ExchangeCurrentContext(nullptr), FakeContext());
  world.Reply(absl::OkStatus());
  world.owner->RunResumed();
  EXPECT_EQ(seen, FakeContext());
  EXPECT_EQ(internal::CurrentContext(), nullptr);
}

TEST(CurrentContext, IsTheThreadsOwn) {
  internal::ExchangeCurrentContext(FakeContext());
  std::thread other([] { EXPECT_EQ(internal::CurrentContext(), nullptr); });
  other.join();
  internal::ExchangeCurrentContext(nullptr);
}

// A coroutine of somebody else's, which may be destroyed while it waits.
struct Owned {
  struct promise_type {  // NOLINT(readability-identifier-naming)
    Owned get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Owned AwaitForever(World& world, bool& resumed) {
  co_await Future<void>(world.call);
  resumed = true;
}

TEST(FutureInCoroutine, IsCancelledWhenTheCoroutineIsDestroyed) {
  World world;
  bool resumed = false;
  const Owned coroutine = AwaitForever(world, resumed);
  coroutine.handle.destroy();
  EXPECT_EQ(world.owner->cancelled, 1);
  EXPECT_EQ(world.owner->RunResumed(), 0);
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace am
