#include "am/call/call_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "am/future.h"
#include "tests/am/fake_driver.h"

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class CallTableTest : public testing::Test {
 protected:
  static constexpr InstanceId kPeer{2};
  static constexpr InstanceId kOther{3};

  absl::Time At(int ms) const { return origin_ + absl::Milliseconds(ms); }

  // How to repeat a call once.
  static std::unique_ptr<Repeatable> Twice(absl::Time deadline) {
    auto again = std::make_unique<Repeatable>();
    again->policy = {.max_attempts = 2,
                     .initial_backoff = absl::Milliseconds(10)};
    again->deadline = deadline;
    return again;
  }

  absl::StatusCode CodeOf(CallTable::Call& call) {
    return call.TakeReply().status.code();
  }

  const absl::Time origin_ = absl::UnixEpoch();
  std::shared_ptr<FakeDriver> driver_ = std::make_shared<FakeDriver>();
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::shared_ptr<CallTable> calls_ =
      std::make_shared<CallTable>(driver_, counters_, origin_,
                                  /*seed=*/1);
};

TEST_F(CallTableTest, AReplyCompletesItsCallOnce) {
  const auto call = calls_->Begin(kPeer, At(10));
  EXPECT_TRUE(calls_->Finish(call->id, kPeer, {}));
  EXPECT_TRUE(call->done());
  EXPECT_FALSE(calls_->Finish(call->id, kPeer, {}));
  EXPECT_EQ(calls_->size(), 0u);
}

TEST_F(CallTableTest, AReplyFromAnotherPeerIsRefused) {
  const auto call = calls_->Begin(kPeer, At(10));
  EXPECT_FALSE(calls_->Finish(call->id, kOther, {}));
  EXPECT_FALSE(call->done());
  calls_->Close(absl::CancelledError());
}

TEST_F(CallTableTest, ACallEndsAtItsDeadlineAndThePeerIsTold) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> cancelled;
  calls_->SetOnCancel([&](InstanceId peer, std::uint64_t id) {
    cancelled.emplace_back(peer.value(), id);
  });
  const auto call = calls_->Begin(kPeer, At(10));
  EXPECT_EQ(driver_->next_tick(), At(10));
  calls_->OnTick(At(9));
  EXPECT_FALSE(call->done());
  EXPECT_EQ(calls_->OnTick(At(12)), absl::InfiniteFuture());
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(cancelled, ElementsAre(Pair(kPeer.value(), call->id)));
}

TEST_F(CallTableTest, ALostPeerEndsItsCallsOnly) {
  const auto lost = calls_->Begin(kPeer, At(10));
  const auto other = calls_->Begin(kOther, At(10));
  calls_->OnPeerLost(kPeer, absl::UnavailableError("lost"), At(1));
  EXPECT_EQ(CodeOf(*lost), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(other->done());
  calls_->Close(absl::CancelledError());
}

TEST_F(CallTableTest, ADroppedFutureCancels) {
  const auto call = calls_->Begin(kPeer, At(10));
  { const Future<void> future(call); }
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls_->size(), 0u);
}

TEST_F(CallTableTest, ADetachedCallRunsOn) {
  const auto call = calls_->Begin(kPeer, At(10));
  Future<void>(call).Detach();
  EXPECT_EQ(calls_->size(), 1u);
  calls_->Close(absl::CancelledError());
}

TEST_F(CallTableTest, AClosedTableEndsCallsAsTheyBegin) {
  calls_->Close(absl::UnavailableError("closed"));
  const auto call = calls_->Begin(kPeer, At(10));
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kUnavailable);
}

TEST_F(CallTableTest, ACallThatMayBeRepeatedOutlivesALostPeer) {
  std::vector<std::uint64_t> sent;
  calls_->SetOnRetry([&](const auto& call) { sent.push_back(call->id); });
  const auto call = calls_->Begin(kPeer, At(1000), Twice(At(1000)));
  calls_->OnPeerLost(kPeer, absl::UnavailableError("lost"), At(1));
  EXPECT_FALSE(call->done());
  EXPECT_LE(driver_->next_tick(), At(11));
  calls_->OnTick(At(20));
  EXPECT_THAT(sent, ElementsAre(call->id));
  EXPECT_EQ(counters_->of(Counter::kRetried), 1u);
  calls_->OnPeerLost(kPeer, absl::UnavailableError("again"), At(21));
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kUnavailable);
}

TEST_F(CallTableTest, AReplyWhileItWaitsEndsACall) {
  const auto call = calls_->Begin(kPeer, At(1000), Twice(At(1000)));
  calls_->OnPeerLost(kPeer, absl::UnavailableError("lost"), At(1));
  EXPECT_TRUE(calls_->Finish(call->id, kPeer, {}));
  EXPECT_EQ(calls_->OnTick(At(20)), absl::InfiniteFuture());
  EXPECT_EQ(counters_->of(Counter::kRetried), 0u);
}

TEST_F(CallTableTest, OnlyThePeerOfACallSaysThatItFailed) {
  const auto call = calls_->Begin(kPeer, At(1000), Twice(At(1000)));
  const absl::Status full = absl::ResourceExhaustedError("full");
  EXPECT_FALSE(
      calls_->TryAgain(call->id, kOther, full, AttemptEnd::kUnsent, At(1)));
  EXPECT_FALSE(
      calls_->TryAgain(call->id + 1, kPeer, full, AttemptEnd::kUnsent, At(1)));
  EXPECT_TRUE(
      calls_->TryAgain(call->id, kPeer, full, AttemptEnd::kUnsent, At(1)));
  calls_->Close(absl::CancelledError());
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kCancelled);
}

TEST_F(CallTableTest, ACallEndsWithWhatItBelongsTo) {
  std::stop_source stop;
  const auto call = calls_->Begin(kPeer, At(10));
  calls_->CancelOn(call, stop.get_token());
  EXPECT_FALSE(call->done());
  stop.request_stop();
  EXPECT_EQ(CodeOf(*call), absl::StatusCode::kCancelled);
  const auto late = calls_->Begin(kPeer, At(10));
  calls_->CancelOn(late, stop.get_token());
  EXPECT_EQ(CodeOf(*late), absl::StatusCode::kCancelled);
  EXPECT_EQ(counters_->of(Counter::kCancelled), 2u);
}

TEST_F(CallTableTest, CallbacksRunOnTheDriverInOrder) {
  std::vector<int> order;
  const auto first = calls_->Begin(kPeer, At(10));
  const auto second = calls_->Begin(kPeer, At(10));
  Future<void>(first).OnDone([&](absl::Status) { order.push_back(1); });
  Future<void>(second).OnDone([&](absl::Status) { order.push_back(2); });
  calls_->OnPeerLost(kPeer, absl::UnavailableError("lost"), At(1));
  EXPECT_THAT(order, ElementsAre());
  while (driver_->RunOne()) {
  }
  EXPECT_THAT(order, ElementsAre(1, 2));
}

}  // namespace
}  // namespace am
