#include "am/dispatch/dedup_window.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace am {
namespace {

using Verdict = DedupWindow::Verdict;

const DedupWindow::Arrival kFirst{};
const DedupWindow::Arrival kRepeated{.is_repeated = true};
const DedupWindow::Arrival kIdempotent{.is_repeated = true,
                                       .is_idempotent = true};

class DedupWindowTest : public testing::Test {
 protected:
  static constexpr InstanceId kAlice{1};
  static constexpr InstanceId kBob{2};
  static constexpr InstanceId kCarol{3};

  // Of `sender`; the reply goes to `reply_`.
  Verdict Admit(InstanceId sender, std::uint64_t id,
                const DedupWindow::Arrival& arrival) {
    return window_.Admit({sender, id}, arrival, now_, reply_);
  }

  void Finish(InstanceId sender, std::uint64_t id, absl::string_view text) {
    DedupWindow::CachedReply reply;
    reply.payload = transport::Buffer(std::string(text));
    window_.Finish({sender, id}, std::move(reply), now_);
  }

  // A call that comes, runs and ends.
  void Run(InstanceId sender, std::uint64_t id,
           absl::string_view reply = "ok") {
    EXPECT_EQ(Admit(sender, id, kFirst), Verdict::kRun);
    Finish(sender, id, reply);
  }

  absl::Time now_ = absl::UnixEpoch();
  DedupWindow window_{{.max_replies = 3,
                       .max_bytes = 100,
                       .keep_for = absl::Seconds(60),
                       .max_senders = 2}};
  DedupWindow::CachedReply reply_;
};

TEST_F(DedupWindowTest, ACallRuns) {
  EXPECT_EQ(Admit(kAlice, 7, kFirst), Verdict::kRun);
  EXPECT_EQ(window_.running(), 1u);
}

TEST_F(DedupWindowTest, ARepetitionThatComesFirstRuns) {
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kRun);
}

TEST_F(DedupWindowTest, ARepetitionJoinsTheCallThatRuns) {
  Admit(kAlice, 7, kFirst);
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kJoin);
}

TEST_F(DedupWindowTest, ARepetitionGetsTheReplyOfTheCallThatEnded) {
  Run(kAlice, 7, "seven");
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kReplay);
  EXPECT_EQ(reply_.payload.view(), "seven");
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, AFirstThatComesAfterItsRepetitionDoesNotRun) {
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kRun);
  EXPECT_EQ(Admit(kAlice, 7, kFirst), Verdict::kJoin);
  Finish(kAlice, 7, "seven");
  EXPECT_EQ(Admit(kAlice, 7, kFirst), Verdict::kReplay);
}

TEST_F(DedupWindowTest, CallsOfOthersAreOtherCalls) {
  Run(kAlice, 7);
  EXPECT_EQ(Admit(kBob, 7, kRepeated), Verdict::kRun);
}

TEST_F(DedupWindowTest, WhatWasForgottenUnrunRuns) {
  Admit(kAlice, 7, kFirst);
  window_.Forget({kAlice, 7});
  EXPECT_EQ(window_.senders(), 0u);
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kRun);
}

TEST_F(DedupWindowTest, WhatHasEndedIsNotForgottenOnDemand) {
  Run(kAlice, 7);
  window_.Forget({kAlice, 7});
  EXPECT_EQ(Admit(kAlice, 7, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, ARepetitionOfAnEvictedCallIsTooOld) {
  for (std::uint64_t id = 1; id <= 4; ++id) Run(kAlice, id);
  EXPECT_EQ(window_.replies(), 3u);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(kAlice, 2, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, AnIdempotentCallIsNeverTooOld) {
  for (std::uint64_t id = 1; id <= 4; ++id) Run(kAlice, id);
  EXPECT_EQ(Admit(kAlice, 1, kIdempotent), Verdict::kRun);
  EXPECT_EQ(Admit(kAlice, 1, kIdempotent), Verdict::kJoin);
}

TEST_F(DedupWindowTest, TheFloorIsForRepetitionsAlone) {
  for (std::uint64_t id = 11; id <= 14; ++id) Run(kAlice, id);
  EXPECT_EQ(Admit(kAlice, 5, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(kAlice, 5, kFirst), Verdict::kRun);
  EXPECT_EQ(Admit(kAlice, 15, kRepeated), Verdict::kRun);
}

TEST_F(DedupWindowTest, BytesAreBounded) {
  Run(kAlice, 1, std::string(60, 'x'));
  Run(kAlice, 2, std::string(60, 'x'));
  EXPECT_EQ(window_.bytes(), 60u);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(kAlice, 2, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, AReplyLargerThanTheWindowIsNotKept) {
  Run(kAlice, 1, "small");
  Run(kAlice, 2, std::string(101, 'x'));
  EXPECT_EQ(window_.bytes(), 5u);
  EXPECT_EQ(Admit(kAlice, 2, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, RepliesAreForgottenAfterAWhile) {
  Run(kAlice, 1);
  now_ += absl::Seconds(59);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kReplay);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(window_.bytes(), 0u);
}

TEST_F(DedupWindowTest, CallsThatRunAreNeverForgotten) {
  Admit(kAlice, 1, kFirst);
  for (std::uint64_t id = 2; id <= 9; ++id) Run(kAlice, id);
  now_ += absl::Hours(23);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kJoin);
  Finish(kAlice, 1, "one");
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kReplay);
}

TEST_F(DedupWindowTest, RepetitionsOfForgottenSendersAreTooOld) {
  Run(kAlice, 5);
  Run(kBob, 3);
  now_ += absl::Minutes(2);
  Run(kCarol, 1);
  EXPECT_EQ(window_.senders(), 1u);  // What Alice leaves says more than Bob's.
  EXPECT_EQ(Admit(kAlice, 5, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(kAlice, 4, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(InstanceId(9), 5, kRepeated), Verdict::kTooOld);
  EXPECT_EQ(Admit(InstanceId(9), 5, kFirst), Verdict::kRun);
}

TEST_F(DedupWindowTest, ASenderWithCallsIsNeverForgotten) {
  Admit(kAlice, 1, kFirst);
  for (std::uint64_t sender = 10; sender < 20; ++sender) {
    Run(InstanceId(sender), 1);
  }
  now_ += absl::Minutes(2);
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kJoin);
  EXPECT_LE(window_.senders(), 2u);
}

TEST_F(DedupWindowTest, AnEndThatNobodyWaitsForIsHarmless) {
  Finish(kAlice, 1, "one");
  Run(kAlice, 1);
  Finish(kAlice, 1, "another");
  EXPECT_EQ(Admit(kAlice, 1, kRepeated), Verdict::kReplay);
  EXPECT_EQ(reply_.payload.view(), "ok");
}

TEST_F(DedupWindowTest, OneOfManyThreadsRunsACall) {
  std::atomic<int> runs = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      DedupWindow::CachedReply reply;
      for (std::uint64_t id = 1; id <= 1000; ++id) {
        if (window_.Admit({kAlice, id}, kFirst, now_, reply) == Verdict::kRun) {
          ++runs;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs, 1000);
}

}  // namespace
}  // namespace am
