#include "am/pending_call.h"

#include <barrier>
#include <functional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/am/fake_call_owner.h"

namespace am {
namespace {

using transport::Buffer;

Reply Value(const std::string& bytes) {
  return {absl::OkStatus(), Codec::kRaw, Buffer(bytes)};
}

// A call and the node that made it.
struct World {
  std::shared_ptr<FakeCallOwner> owner = std::make_shared<FakeCallOwner>();
  std::shared_ptr<PendingCall> call = std::make_shared<PendingCall>(owner);
  int runs = 0;

  Continuation Count() {
    return [this] { ++runs; };
  }
};

TEST(PendingCall, HoldsItsReply) {
  World world;
  EXPECT_FALSE(world.call->done());
  world.call->Complete({absl::OkStatus(), Codec::kJson, Buffer("{}")});
  EXPECT_TRUE(world.call->done());

  const Reply reply = world.call->TakeReply();
  EXPECT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.codec, Codec::kJson);
  EXPECT_EQ(reply.payload.view(), "{}");
}

TEST(PendingCall, MayBeDoneBeforeItBegan) {
  PendingCall call(Reply{absl::UnavailableError("no"), Codec::kRaw, {}});
  EXPECT_TRUE(call.done());
  call.Wait();
  call.Cancel();
  EXPECT_EQ(call.TakeReply().status, absl::UnavailableError("no"));
}

TEST(PendingCall, ResumesItsContinuationWhenDone) {
  World world;
  world.call->SetContinuation(world.Count());
  EXPECT_EQ(world.owner->RunResumed(), 0);
  world.call->Complete(Value("v"));
  EXPECT_EQ(world.runs, 0) << "ran within Complete";
  EXPECT_EQ(world.owner->RunResumed(), 1);
  EXPECT_EQ(world.runs, 1);
}

TEST(PendingCall, ResumesAContinuationThatComesLate) {
  World world;
  world.call->Complete(Value("v"));
  world.call->SetContinuation(world.Count());
  EXPECT_EQ(world.runs, 0) << "ran within SetContinuation";
  EXPECT_EQ(world.owner->RunResumed(), 1);
  EXPECT_EQ(world.runs, 1);
}

TEST(PendingCall, TakesAContinuationBack) {
  World world;
  world.call->SetContinuation(world.Count());
  world.call->DropContinuation();
  world.call->Complete(Value("v"));
  EXPECT_EQ(world.owner->RunResumed(), 0);
}

TEST(PendingCall, TakesNoContinuationBackOnceDone) {
  World world;
  world.call->SetContinuation(world.Count());
  world.call->Complete(Value("v"));
  world.call->DropContinuation();
  EXPECT_EQ(world.owner->RunResumed(), 1);
}

TEST(PendingCall, WakesWithinComplete) {
  World world;
  ASSERT_TRUE(world.call->SetWake(world.Count()));
  world.call->Complete(Value("v"));
  EXPECT_EQ(world.runs, 1);
  EXPECT_EQ(world.owner->RunResumed(), 0);
}

TEST(PendingCall, DoesNotWakeWhoComesLate) {
  World world;
  world.call->Complete(Value("v"));
  EXPECT_FALSE(world.call->SetWake(world.Count()));
  EXPECT_EQ(world.runs, 0);
}

TEST(PendingCall, WaitsForNothingWhenDone) {
  World world;
  world.call->Complete(Value("v"));
  world.call->Wait();
  EXPECT_EQ(world.call->TakeReply().payload.view(), "v");
}

TEST(PendingCall, AsksItsOwnerToCancel) {
  World world;
  world.call->Cancel();
  EXPECT_EQ(world.owner->cancelled, 1);
  EXPECT_EQ(world.call->TakeReply().status.code(),
            absl::StatusCode::kCancelled);
}

// Runs `left` and `right` at the same time, in two threads, many times over;
// `check` after each.
void Race(const std::function<void()>& begin, const std::function<void()>& left,
          const std::function<void()>& right,
          const std::function<void()>& check) {
  constexpr int kRounds = 5000;
  std::barrier ready(2), done(2);
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ready.arrive_and_wait();
      right();
      done.arrive_and_wait();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    begin();
    ready.arrive_and_wait();
    left();
    done.arrive_and_wait();
    check();
  }
  other.join();
}

TEST(PendingCall, ContinuationRunsOnceHoweverItRaces) {
  World world;
  std::string seen;
  Race([&] { world.call = std::make_shared<PendingCall>(world.owner); },
       [&] { world.call->Complete(Value("v")); },
       [&] {
         world.call->SetContinuation([&] {
           ++world.runs;
           seen +=
               world.call->TakeReply().payload.view().size() == 1 ? 'v' : '-';
         });
       },
       [&] { ASSERT_EQ(world.owner->RunResumed(), 1); });
  EXPECT_EQ(world.runs, 5000);
  EXPECT_EQ(seen, std::string(5000, 'v'));
}

TEST(PendingCall, WaiterSeesTheReplyHoweverItRaces) {
  World world;
  Race([&] { world.call = std::make_shared<PendingCall>(world.owner); },
       [&] { world.call->Complete(Value("v")); },
       [&] {
         world.call->Wait();
         world.runs += world.call->TakeReply().payload.view() == "v";
       },
       [&] { ASSERT_EQ(world.owner->RunResumed(), 0); });
  EXPECT_EQ(world.runs, 5000);
}

}  // namespace
}  // namespace am
