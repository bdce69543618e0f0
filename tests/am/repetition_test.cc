// Calls that come again, as a receiver sees them: each runs once.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/skewed_clock.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

using Received = Stranger::Received;

MessageHeader WithFlags(MessageHeader call, int flags) {
  call.flags = static_cast<std::uint8_t>(flags);
  return call;
}

// A server whose handlers count their runs, and a stranger that calls them.
class RepetitionTest : public PlaneTest {
 protected:
  void Start(const DedupOptions& dedup = {}) {
    server_ = world_.MakeManager({.dedup = dedup, .clock = &clock_});
    const auto count =
        [this](Context&,
               const std::string& text) -> absl::StatusOr<std::string> {
      runs_.Add();
      return absl::StrCat(text, " ", runs_.value());
    };
    EXPECT_TRUE(server_->RegisterResponse("count", count).ok());
    const auto fail = [this](Context&, const std::string&) {
      runs_.Add();
      return absl::UnavailableError(absl::StrCat("run ", runs_.value()));
    };
    EXPECT_TRUE(server_->RegisterAck("fail", fail).ok());
    const auto block = [this](Context& context, const std::string&) {
      runs_.Add();
      const std::stop_callback on_stop(context.stop_token(), [this] {
        stopped_.Set();
        release_.Set();
      });
      release_.Await();
      return absl::OkStatus();
    };
    EXPECT_TRUE(server_->RegisterAck("block", block).ok());
    Meet();
  }

  void Meet() {
    caller_.emplace(world_, *server_);
    ASSERT_TRUE(caller_->Join());
  }

  void TearDown() override {
    release_.Set();
    caller_.reset();
    server_.reset();
  }

  void Send(const MessageHeader& call, int flags) {
    caller_->Send(WithFlags(call, flags), "x");
  }

  // The reply to a call.
  Received Ask(const MessageHeader& call, int flags) {
    Send(call, flags);
    return Reply();
  }

  Received Reply() {
    const auto reply = caller_->Await(MessageKind::kReply);
    EXPECT_TRUE(reply.has_value());
    return reply.value_or(Received());
  }

  bool PingsUntilLost(InstanceId peer) {
    for (int i = 0; i < 10'000 && caller_->Ping(); ++i) {
      if (server_->node().peers().Find(peer)->state() == PeerState::kLost) {
        return true;
      }
    }
    return false;
  }

  std::uint64_t CountOf(Counter counter) const {
    return server_->node().counters().of(counter);
  }

  static int CodeOf(absl::StatusCode code) { return static_cast<int>(code); }

  SkewedClock clock_;  // the server's
  Tally runs_;
  Event stopped_;
  Event release_;
  std::unique_ptr<Manager> server_;
  std::optional<Stranger> caller_;
};
INSTANTIATE_PLANES(RepetitionTest);

TEST_P(RepetitionTest, RepetitionOfACallThatEndedGetsItsReply) {
  Start();
  EXPECT_EQ(Ask(CallOf("count"), kTracked).payload, "x 1");
  EXPECT_EQ(Ask(CallOf("count"), kTracked | kRepeated).payload, "x 1");
  EXPECT_EQ(Ask(CallOf("count"), kRepeated).payload, "x 1");
  EXPECT_EQ(runs_.value(), 1);
  EXPECT_EQ(CountOf(Counter::kReplayed), 2);
}

TEST_P(RepetitionTest, RepetitionJoinsTheCallThatRuns) {
  Start();
  Send(AckCallOf("block", 7), kTracked);
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  Send(AckCallOf("block", 7), kTracked | kRepeated);
  ASSERT_TRUE(caller_->Ping());
  EXPECT_EQ(CountOf(Counter::kJoined), 1);
  release_.Set();
  EXPECT_EQ(Reply().header.call_id, 7);
  EXPECT_EQ(Ask(CallOf("count", 8), 0).header.call_id, 8);  // No second reply.
  EXPECT_EQ(runs_.value(), 2);
}

TEST_P(RepetitionTest, CallsThatAreNotTrackedAreNotRemembered) {
  Start();
  EXPECT_EQ(Ask(CallOf("count"), 0).payload, "x 1");
  EXPECT_EQ(Ask(CallOf("count"), 0).payload, "x 2");
}

TEST_P(RepetitionTest, OnlyRepetitionOfACallThatCameNotRuns) {
  Start();
  EXPECT_EQ(Ask(CallOf("count", 9), kTracked | kRepeated).payload, "x 1");
}

TEST_P(RepetitionTest, RepetitionOlderThanTheWindowIsAborted) {
  Start({.max_replies = 1});
  Ask(CallOf("count", 1), kTracked);
  Ask(CallOf("count", 2), kTracked);
  const Received old = Ask(CallOf("count", 1), kTracked | kRepeated);
  EXPECT_EQ(old.header.status, CodeOf(absl::StatusCode::kAborted));
  EXPECT_EQ(old.header.flags & kNotRun, 0);
  EXPECT_EQ(runs_.value(), 2);
  EXPECT_EQ(CountOf(Counter::kTooOld), 1);
}

TEST_P(RepetitionTest, IdempotentOneOlderThanTheWindowRunsAgain) {
  Start({.max_replies = 1});
  Ask(CallOf("count", 1), kTracked | kRetryable);
  Ask(CallOf("count", 2), kTracked | kRetryable);
  EXPECT_EQ(Ask(CallOf("count", 1), kRepeated | kRetryable).payload, "x 3");
}

TEST_P(RepetitionTest, RefusedCallDidNotRunAndRunsWhenItComesAgain) {
  Start();
  const Received refused = Ask(CallOf("later"), kTracked);
  EXPECT_EQ(refused.header.status, CodeOf(absl::StatusCode::kUnimplemented));
  EXPECT_EQ(refused.header.flags & kNotRun, kNotRun);
  ASSERT_TRUE(server_->RegisterResponse("later", &Echo).ok());
  const Received reply = Ask(CallOf("later"), kTracked | kRepeated);
  EXPECT_EQ(reply.payload, "x");
  EXPECT_EQ(reply.header.flags & kNotRun, 0);
}

TEST_P(RepetitionTest, FailureOfAHandlerIsAnOutcome) {
  Start();
  const Received first = Ask(AckCallOf("fail"), kTracked);
  const Received second = Ask(AckCallOf("fail"), kTracked | kRepeated);
  EXPECT_EQ(first.header.status, CodeOf(absl::StatusCode::kUnavailable));
  EXPECT_EQ(first.header.flags & kNotRun, 0);
  EXPECT_EQ(second.header.status, first.header.status);
  EXPECT_EQ(second.metadata, first.metadata);
  EXPECT_EQ(runs_.value(), 1);
}

TEST_P(RepetitionTest, IdempotentHandlerRunsAgainAfterItFailed) {
  Start();
  Ask(AckCallOf("fail"), kTracked | kRetryable);
  Ask(AckCallOf("fail"), kTracked | kRetryable | kRepeated);
  EXPECT_EQ(runs_.value(), 2);
}

TEST_P(RepetitionTest, IdempotentHandlerThatSucceededDoesNotRunAgain) {
  Start();
  Ask(CallOf("count"), kTracked | kRetryable);
  Ask(CallOf("count"), kTracked | kRetryable | kRepeated);
  EXPECT_EQ(runs_.value(), 1);
}

TEST_P(RepetitionTest, ReplyOutlivesTheConnectionOfItsCaller) {
  Start();
  EXPECT_EQ(Ask(CallOf("count"), kTracked).payload, "x 1");
  ASSERT_TRUE(caller_->Join());
  EXPECT_EQ(Ask(CallOf("count"), kTracked | kRepeated).payload, "x 1");
}

TEST_P(RepetitionTest, LostCallerMayComeAgainUntilItsDeadline) {
  Start();
  Send(AckCallOf("block"), kTracked);
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  const InstanceId lost = caller_->id();
  Meet();  // Another one, while the first says GOODBYE.
  ASSERT_TRUE(PingsUntilLost(lost));
  EXPECT_FALSE(stopped_.is_set());
  clock_.Jump(absl::Minutes(1));
  Meet();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(RepetitionTest, ExpiredCallDidNotRun) {
  Start();
  MessageHeader call = CallOf("count");
  call.budget = 0;
  const Received reply = Ask(call, kTracked);
  EXPECT_EQ(reply.header.status, CodeOf(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(reply.header.flags & kNotRun, kNotRun);
  EXPECT_EQ(CountOf(Counter::kExpiredOnArrival), 1);
}

}  // namespace
}  // namespace am
