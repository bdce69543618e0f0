// Messages of one sender to one target are received in order.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class OrderTest : public PairTest {
 protected:
  void SetUp() override { Start(); }
  void TearDown() override {
    client_.reset();
    server_.reset();
  }

  // Notes the numbers that arrive.
  void RegisterList(const HandlerOptions& options) {
    const auto list = [this](Context&, const std::string& number) {
      const Occupancy::Visit visit(inside_);
      {
        MutexLock lock(mutex_);
        numbers_.push_back(std::stoi(number));
      }
      arrived_.Add();
    };
    EXPECT_TRUE(server_->RegisterNoReturn("list", list, options).ok());
  }

  void Send(int from, int to) {
    for (int i = from; i < to; ++i) {
      const absl::Status sent =
          Message("list", absl::StrCat(i)).WaitWhenFull().SendDetached(peer_);
      ASSERT_TRUE(sent.ok()) << sent;
    }
  }

  void ExpectInOrder() {
    MutexLock lock(mutex_);
    EXPECT_TRUE(std::is_sorted(numbers_.begin(), numbers_.end()));
  }

  Tally arrived_;
  Occupancy inside_;
  Mutex mutex_;
  std::vector<int> numbers_ ABSL_GUARDED_BY(mutex_);
};
INSTANTIATE_PLANES(OrderTest);

TEST_P(OrderTest, OrderedHandlerRunsInTheOrderOfSending) {
  RegisterList({.ordered = true});
  Send(0, 3000);
  ASSERT_TRUE(arrived_.AwaitAtLeast(3000));
  ExpectInOrder();
}

TEST_P(OrderTest, LargeAndSmallMessagesKeepTheirOrder) {
  RegisterList({.ordered = true});
  for (int i = 0; i < 200; ++i) {
    // Leading zeros: a payload of another size each time.
    const std::string text = absl::StrCat(i);
    const std::size_t zeros = i % 3 == 0 ? 20'000 : 0;
    ASSERT_TRUE(Message("list", std::string(zeros, '0') + text)
                    .WaitWhenFull()
                    .SendDetached(peer_)
                    .ok());
  }
  ASSERT_TRUE(arrived_.AwaitAtLeast(200));
  ExpectInOrder();
}

TEST_P(OrderTest, OrderedHandlerRunsOneAtATimeOnThePoolToo) {
  RegisterList({.ordered = true, .execution = Execution::kPool});
  Send(0, 2000);
  ASSERT_TRUE(arrived_.AwaitAtLeast(2000));
  ExpectInOrder();
  EXPECT_EQ(inside_.highest(), 1);
}

TEST_P(OrderTest, OrderHoldsOverANewConnection) {
  RegisterList({.ordered = true});
  Send(0, 100);
  ASSERT_TRUE(client_->client().Disconnect(peer_).ok());
  world_.Connect(*client_, *server_);
  Send(100, 200);
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_TRUE(server_->Shutdown().ok());
  ExpectInOrder();
  MutexLock lock(mutex_);
  EXPECT_GE(numbers_.size(), 100);
  EXPECT_EQ(numbers_.back(), 199);
}

TEST_P(OrderTest, OrderedHandlersOfTwoSendersRunAtTheSameTime) {
  Tally entered;
  const auto meet = [&](Context&, const std::string&) {
    entered.Add();
    return entered.AwaitAtLeast(2) ? absl::OkStatus()
                                   : absl::AbortedError("alone");
  };
  ASSERT_TRUE(server_->RegisterAck("meet", meet, {.ordered = true}).ok());
  const auto other = world_.MakeManager();
  world_.Connect(*other, *server_);
  Future<void> first = Message("meet").SendAndConfirm(peer_);
  EXPECT_TRUE(
      other->client().Message("meet").SendAndConfirm(peer_).Await().ok());
  EXPECT_TRUE(first.Await().ok());
  server_.reset();
}

TEST_P(OrderTest, HandlersThatAreNotOrderedRunAtTheSameTime) {
  Tally entered;
  const auto meet = [&](Context&, const std::string&) {
    entered.Add();
    return entered.AwaitAtLeast(3) ? absl::OkStatus()
                                   : absl::AbortedError("alone");
  };
  ASSERT_TRUE(server_->RegisterAck("meet", meet).ok());
  std::vector<Future<void>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(Message("meet").SendAndConfirm(peer_));
  }
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  server_.reset();
}

}  // namespace
}  // namespace am
