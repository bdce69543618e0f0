#include "am/call_table.h"

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

  absl::StatusCode CodeOf(CallTable::Call& call) {
    return call.TakeReply().status.code();
  }

  const absl::Time origin_ = absl::UnixEpoch();
  std::shared_ptr<FakeDriver> driver_ = std::make_shared<FakeDriver>();
  std::shared_ptr<CallTable> calls_ =
      std::make_shared<CallTable>(driver_, origin_);
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
  calls_->FinishAll(kPeer, absl::UnavailableError("lost"));
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

TEST_F(CallTableTest, CallbacksRunOnTheDriverInOrder) {
  std::vector<int> order;
  const auto first = calls_->Begin(kPeer, At(10));
  const auto second = calls_->Begin(kPeer, At(10));
  Future<void>(first).OnDone([&](absl::Status) { order.push_back(1); });
  Future<void>(second).OnDone([&](absl::Status) { order.push_back(2); });
  calls_->FinishAll(kPeer, absl::UnavailableError("lost"));
  EXPECT_THAT(order, ElementsAre());
  while (driver_->RunOne()) {
  }
  EXPECT_THAT(order, ElementsAre(1, 2));
}

}  // namespace
}  // namespace am
