// Nobody waits for a slow peer or a slow handler but its own callers. What is
// quick completes while what is slow is still held: were it waiting, the test
// would never get to release it.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

// A handler that has proved quick runs inline from then on.
constexpr int kCallsToProve = 50;

class TakeoverTest : public PairTest {
 protected:
  // "hold" is quick unless told to hold; "quick" always is.
  void StartHolding(const ManagerOptions& options,
                    const HandlerOptions& handler) {
    Start(options);
    const auto hold = [this](Context&, const std::string& what) {
      if (what == "hold") {
        entered_.Add();
        release_.Await();
      }
      return absl::OkStatus();
    };
    EXPECT_TRUE(server_->RegisterAck("hold", hold, handler).ok());
    EXPECT_TRUE(server_->RegisterAck("quick", &AlwaysOk).ok());
  }
  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  void ExpectQuickOnesAreServed() {
    for (int i = 0; i < kCallsToProve; ++i) {
      EXPECT_TRUE(Confirm("quick").ok());
    }
    EXPECT_FALSE(release_.is_set());
  }

  std::vector<Future<void>> Hold(int calls) {
    std::vector<Future<void>> futures;
    for (int i = 0; i < calls; ++i) {
      futures.push_back(Message("hold", "hold").SendAndConfirm(peer_));
    }
    return futures;
  }

  Tally entered_;
  Event release_;
};
INSTANTIATE_PLANES(TakeoverTest);

TEST_P(TakeoverTest, InlineHandlerThatStallsIsTakenOverFrom) {
  StartHolding({}, {.execution = Execution::kInline});
  std::vector<Future<void>> calls = Hold(1);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  ExpectQuickOnesAreServed();
  release_.Set();
  EXPECT_TRUE(calls[0].Await().ok());
}

TEST_P(TakeoverTest, HandlerThatWasQuickAndStallsIsTakenOverFrom) {
  StartHolding({}, {});
  for (int i = 0; i < kCallsToProve; ++i) EXPECT_TRUE(Confirm("hold").ok());
  std::vector<Future<void>> calls = Hold(3);
  ASSERT_TRUE(entered_.AwaitAtLeast(3));
  ExpectQuickOnesAreServed();
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
}

TEST_P(TakeoverTest, RestOfTheBurstIsTakenOver) {
  StartHolding({}, {.execution = Execution::kInline});
  std::vector<Future<void>> calls = Hold(1);
  std::vector<Future<void>> behind;
  for (int i = 0; i < 20; ++i) {
    behind.push_back(Message("hold", "pass").SendAndConfirm(peer_));
  }
  for (Future<void>& call : behind) EXPECT_TRUE(call.Await().ok());
  release_.Set();
  EXPECT_TRUE(calls[0].Await().ok());
}

TEST_P(TakeoverTest, PoolGrowsWithHandlersThatBlock) {
  StartHolding({.execution = {.min_threads = 1, .max_threads = 64}},
               {.execution = Execution::kPool});
  std::vector<Future<void>> calls = Hold(20);
  EXPECT_TRUE(entered_.AwaitAtLeast(20));  // All at once.
  ExpectQuickOnesAreServed();
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
}

TEST_P(TakeoverTest, PoolAtItsCeilingHoldsBackNoInlineHandler) {
  StartHolding({.execution = {.min_threads = 1, .max_threads = 4}},
               {.execution = Execution::kPool});
  std::vector<Future<void>> calls = Hold(8);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
}

TEST_P(TakeoverTest, HandlersMayAwaitEachOtherBackAndForth) {
  Start();
  const auto bounce = [](Context& context, const std::string& left) {
    if (left.empty()) return absl::OkStatus();
    return context.client()
        .Message("bounce")
        .Payload(left.substr(1))
        .SendAndConfirm(context.sender())
        .Await();
  };
  for (Manager* manager : {server_.get(), client_.get()}) {
    ASSERT_TRUE(
        manager
            ->RegisterAck("bounce", bounce, {.execution = Execution::kInline})
            .ok());
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Confirm("bounce", std::string(10, '.')).ok());
  }
}

TEST_P(TakeoverTest, CallbackMayAwaitAnotherCall) {
  StartHolding({}, {});
  Event done;
  absl::Status inner = absl::UnknownError("not run");
  Message("quick").SendAndConfirm(peer_).OnDone([&](const absl::Status&) {
    inner = Confirm("quick");
    done.Set();
  });
  ASSERT_TRUE(done.Await());
  EXPECT_TRUE(inner.ok());
}

TEST_P(TakeoverTest, CallbackThatBlocksDelaysNoOtherCall) {
  StartHolding({}, {});
  Message("quick").SendAndConfirm(peer_).OnDone([&](const absl::Status&) {
    entered_.Add();
    release_.Await();
  });
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  ExpectQuickOnesAreServed();
}

TEST_P(TakeoverTest, PeerThatDoesNotReadDelaysNoOther) {
  StartHolding({}, {});
  Stranger deaf(world_, *client_);
  ASSERT_TRUE(deaf.Join());
  const MessageBuilder message =
      client_->client().Message("log").Payload(std::string(100'000, 'x'));
  absl::Status sent;
  for (int i = 0; i < 10'000 && sent.ok(); ++i) {
    sent = message.SendDetached(deaf.id());
  }
  EXPECT_EQ(sent.code(), absl::StatusCode::kResourceExhausted);
  ExpectQuickOnesAreServed();
}

TEST_P(TakeoverTest, ManyThreadsAwaitAtOnce) {
  StartHolding({}, {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { ExpectQuickOnesAreServed(); });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace am
