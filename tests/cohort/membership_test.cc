#include "am/cohort/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace am::cohort {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using State = v1::CohortState;

constexpr std::uint64_t kId = 7;

// Workers are known by numbers, which are their instance ids.
class MembershipTest : public testing::Test {
 protected:
  void Make(CohortSize size,
            FailurePolicy policy = FailurePolicy::kTerminateAll) {
    CohortOptions options;
    options.size = size;
    options.failure_policy = policy;
    options.replacement_timeout = absl::Seconds(60);
    machine_.emplace(options, kId);
  }

  static Application By(std::uint64_t worker, std::optional<int> rank = {}) {
    Application application;
    application.peer.id = InstanceId(worker);
    application.rank = rank;
    return application;
  }

  absl::StatusOr<int> Join(std::uint64_t worker, std::optional<int> rank = {}) {
    return machine_->Join(By(worker, rank), now_);
  }
  void JoinAll(int workers) {
    for (int i = 0; i < workers; ++i) {
      ASSERT_EQ(Join(static_cast<std::uint64_t>(100 + i), i).value(), i);
    }
  }
  StatusCode RefusalOf(const Application& application) {
    const std::uint64_t epoch = view().epoch;
    const StatusCode code = machine_->Join(application, now_).status().code();
    EXPECT_EQ(view().epoch, epoch) << "a refusal changes nothing";
    return code;
  }
  bool Lose(std::uint64_t worker) {
    return machine_->Lose(InstanceId(worker), absl::UnavailableError("killed"),
                          now_);
  }
  bool Leave(std::uint64_t worker) {
    return machine_->Leave(InstanceId(worker), now_);
  }
  void Pass(absl::Duration time) {
    now_ += time;
    machine_->OnTick(now_);
  }

  const View& view() const { return machine_->view(); }
  Phase phase() const { return view().phase; }

  std::optional<Membership> machine_;
  absl::Time now_ = absl::UnixEpoch();
};

// -- Joining -----------------------------------------------------------------

TEST_F(MembershipTest, IsCompleteWhenAllHaveJoined) {
  Make(CohortSize::Fixed(2));
  ASSERT_EQ(Join(1, 1).value(), 1);
  EXPECT_EQ(phase(), State::FORMING);
  EXPECT_THAT(view().Missing(), ElementsAre(0));
  ASSERT_EQ(Join(2, 0).value(), 0);
  EXPECT_EQ(phase(), State::RUNNING);
  EXPECT_EQ(view().Find(0)->peer.id, InstanceId(2));
}

TEST_F(MembershipTest, WithoutRanksTheOrderOfJoiningDecides) {
  Make(CohortSize::Fixed(2));
  EXPECT_EQ(Join(5).value(), 0);
  EXPECT_EQ(Join(3).value(), 1);
  EXPECT_EQ(phase(), State::RUNNING);
  EXPECT_FALSE(view().ranked);
}

TEST_F(MembershipTest, JoiningAgainChangesNothing) {
  Make(CohortSize::Fixed(2));
  ASSERT_EQ(Join(1, 1).value(), 1);
  const std::uint64_t epoch = view().epoch;
  EXPECT_EQ(Join(1, 1).value(), 1);
  EXPECT_EQ(view().epoch, epoch);
  EXPECT_EQ(RefusalOf(By(1, 0)), StatusCode::kAlreadyExists);
}

TEST_F(MembershipTest, TheFirstRankIsRangeCheckedToo) {
  Make(CohortSize::Fixed(2));
  EXPECT_EQ(RefusalOf(By(1, 7)), StatusCode::kOutOfRange);
  EXPECT_EQ(RefusalOf(By(1, -1)), StatusCode::kOutOfRange);
  JoinAll(2);
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(MembershipTest, ATakenRankIsRefused) {
  Make(CohortSize::Fixed(2));
  ASSERT_TRUE(Join(1, 0).ok());
  EXPECT_EQ(RefusalOf(By(2, 0)), StatusCode::kAlreadyExists);
  ASSERT_TRUE(Join(2, 1).ok());
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(MembershipTest, AllBringRanksOrNone) {
  Make(CohortSize::Fixed(3));
  ASSERT_TRUE(Join(1, 0).ok());
  EXPECT_EQ(RefusalOf(By(2)), StatusCode::kInvalidArgument);
  Make(CohortSize::Fixed(3));
  ASSERT_TRUE(Join(1).ok());
  EXPECT_EQ(RefusalOf(By(2, 1)), StatusCode::kInvalidArgument);
}

TEST_F(MembershipTest, WhoeverComesFirstAfterAllHaveGoneDecidesAnew) {
  Make(CohortSize::Fixed(2));
  ASSERT_TRUE(Join(1, 0).ok());
  ASSERT_TRUE(Leave(1));
  EXPECT_TRUE(Join(2).ok());
  EXPECT_FALSE(view().ranked);
}

TEST_F(MembershipTest, MoreWorkersThanPlacesAreRefused) {
  Make(CohortSize::Fixed(1));
  ASSERT_TRUE(Join(1).ok());
  EXPECT_EQ(RefusalOf(By(2)), StatusCode::kResourceExhausted);
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(MembershipTest, AnotherCohortIsRefused) {
  Make(CohortSize::Fixed(2));
  Application application = By(1, 0);
  application.cohort = "another";
  EXPECT_EQ(RefusalOf(application), StatusCode::kFailedPrecondition);
  application = By(1, 0);
  application.cohort_id = kId + 1;
  EXPECT_EQ(RefusalOf(application), StatusCode::kFailedPrecondition);
}

// -- Epochs ------------------------------------------------------------------

TEST_F(MembershipTest, EveryChangeIsANewEpoch) {
  Make(CohortSize::Fixed(2), FailurePolicy::kContinueDegraded);
  EXPECT_EQ(view().epoch, 0);
  JoinAll(2);
  EXPECT_EQ(view().epoch, 2);
  Lose(100);
  EXPECT_EQ(view().epoch, 3);
  Leave(101);
  EXPECT_EQ(view().epoch, 4);
  EXPECT_FALSE(Lose(101));
  EXPECT_EQ(view().epoch, 4);
}

TEST_F(MembershipTest, ARestartedWorkerTakesItsRankBack) {
  Make(CohortSize::Fixed(2), FailurePolicy::kContinueDegraded);
  JoinAll(2);
  Lose(101);
  EXPECT_EQ(phase(), State::DEGRADED);
  EXPECT_EQ(Join(55, 1).value(), 1);
  EXPECT_EQ(phase(), State::RUNNING);
  EXPECT_EQ(view().Find(1)->joined_epoch, view().epoch);
}

TEST_F(MembershipTest, AJoinFromAnOldEpochIsRefused) {
  Make(CohortSize::Fixed(2), FailurePolicy::kContinueDegraded);
  JoinAll(2);
  Application old = By(101, 1);
  old.cohort_id = kId;
  old.epoch = view().epoch;
  Lose(101);
  ASSERT_TRUE(Join(55, 1).ok());
  EXPECT_EQ(RefusalOf(old), StatusCode::kAborted);
}

TEST_F(MembershipTest, WhatComesFromAnOldEpochIsRefusedAndCounted) {
  Make(CohortSize::Fixed(2), FailurePolicy::kContinueDegraded);
  JoinAll(2);
  const std::uint64_t before = view().epoch;
  EXPECT_TRUE(machine_->Check(InstanceId(101), kId, before).ok());
  Lose(101);
  EXPECT_FALSE(machine_->Check(InstanceId(101), kId, before).ok());
  ASSERT_TRUE(Join(101, 1).ok());
  EXPECT_FALSE(machine_->Check(InstanceId(101), kId, before).ok());
  EXPECT_FALSE(machine_->Check(InstanceId(101), kId + 1, view().epoch).ok());
  EXPECT_EQ(machine_->stale_refused(), 3);
  EXPECT_TRUE(machine_->Check(InstanceId(101), kId, view().epoch).ok());
}

TEST_F(MembershipTest, WithoutRanksAPlaceGoesToTheNextOne) {
  Make(CohortSize::Fixed(3), FailurePolicy::kContinueDegraded);
  for (const std::uint64_t worker : {1, 2, 3}) ASSERT_TRUE(Join(worker).ok());
  Lose(1);
  Lose(2);
  EXPECT_EQ(Join(2).value(), 1) << "its own";
  EXPECT_EQ(Join(9).value(), 0);
}

// -- Failures ----------------------------------------------------------------

TEST_F(MembershipTest, WhileItFormsALossFreesThePlace) {
  Make(CohortSize::Fixed(2));
  ASSERT_TRUE(Join(1, 0).ok());
  Lose(1);
  EXPECT_EQ(phase(), State::FORMING);
  EXPECT_TRUE(Join(2, 0).ok());
}

TEST_F(MembershipTest, TerminateAllEndsIt) {
  Make(CohortSize::Fixed(2));
  JoinAll(2);
  Lose(101);
  EXPECT_EQ(phase(), State::ENDING);
  EXPECT_THAT(view().why.message(), HasSubstr("rank 1"));
  EXPECT_EQ(RefusalOf(By(9, 1)), StatusCode::kFailedPrecondition);
  Leave(100);
  EXPECT_EQ(phase(), State::ENDED);
}

TEST_F(MembershipTest, FailFastBeginsNothingAnyMore) {
  Make(CohortSize::Fixed(2), FailurePolicy::kFailFast);
  JoinAll(2);
  Lose(101);
  EXPECT_EQ(phase(), State::FAILED);
  EXPECT_EQ(RefusalOf(By(9, 1)), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(machine_->End(absl::CancelledError("enough"), now_));
  EXPECT_EQ(phase(), State::ENDING);
}

TEST_F(MembershipTest, AReplacementEndsTheWait) {
  Make(CohortSize::Fixed(2), FailurePolicy::kWaitForReplacement);
  JoinAll(2);
  Lose(101);
  EXPECT_EQ(phase(), State::WAITING);
  EXPECT_EQ(machine_->replace_by(), now_ + absl::Seconds(60));
  Pass(absl::Seconds(59));
  EXPECT_EQ(Join(55, 1).value(), 1);
  EXPECT_EQ(phase(), State::RUNNING);
  Pass(absl::Seconds(10));
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(MembershipTest, WithoutAReplacementItEnds) {
  Make(CohortSize::Fixed(2), FailurePolicy::kWaitForReplacement);
  JoinAll(2);
  Lose(101);
  Pass(absl::Seconds(60));
  EXPECT_EQ(phase(), State::ENDING);
  EXPECT_TRUE(absl::IsDeadlineExceeded(view().why)) << view().why;
  EXPECT_THAT(view().why.message(), HasSubstr("rank 1"));
}

TEST_F(MembershipTest, WhoIsSilentForTooLongIsLost) {
  Make(CohortSize::Fixed(2), FailurePolicy::kContinueDegraded);
  JoinAll(2);
  Pass(absl::Seconds(100));
  machine_->Hear(InstanceId(100), now_);
  Pass(absl::Seconds(30));
  EXPECT_THAT(view().Missing(), ElementsAre(1));
  EXPECT_EQ(view().Find(1)->state, MemberState::kLost);
}

TEST_F(MembershipTest, LeavingInOrderIsNoFailure) {
  Make(CohortSize::Fixed(2), FailurePolicy::kTerminateAll);
  JoinAll(2);
  Leave(101);
  EXPECT_EQ(phase(), State::DEGRADED);
  EXPECT_EQ(Join(55, 1).value(), 1);
  EXPECT_EQ(phase(), State::RUNNING);
}

// -- Elastic -----------------------------------------------------------------

TEST_F(MembershipTest, AnElasticOneRunsFromItsMinimumAndGrows) {
  Make(CohortSize::Elastic(2, 3));
  ASSERT_TRUE(Join(1).ok());
  EXPECT_EQ(phase(), State::FORMING);
  ASSERT_TRUE(Join(2).ok());
  EXPECT_EQ(phase(), State::RUNNING);
  EXPECT_EQ(Join(3).value(), 2);
  EXPECT_EQ(view().size(), 3);
  EXPECT_EQ(RefusalOf(By(4)), StatusCode::kResourceExhausted);
}

TEST_F(MembershipTest, RanksOfAnElasticOneAreContiguousWhenComplete) {
  Make(CohortSize::Elastic(2, 4));
  ASSERT_TRUE(Join(1, 0).ok());
  ASSERT_TRUE(Join(2, 3).ok());
  EXPECT_EQ(phase(), State::FORMING);
  EXPECT_THAT(view().Missing(), ElementsAre(1, 2));
  ASSERT_TRUE(Join(3, 1).ok());
  ASSERT_TRUE(Join(4, 2).ok());
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(MembershipTest, AnElasticOneOutlivesLossesDownToItsMinimum) {
  Make(CohortSize::Elastic(1, 3), FailurePolicy::kTerminateAll);
  JoinAll(3);
  Lose(100);
  EXPECT_EQ(phase(), State::DEGRADED);
  Lose(101);
  EXPECT_EQ(phase(), State::DEGRADED);
  Lose(102);
  EXPECT_EQ(phase(), State::ENDED);
}

TEST_F(MembershipTest, AnElasticOneShrinksFromItsEnd) {
  Make(CohortSize::Elastic(1, 3));
  JoinAll(3);
  Leave(101);
  EXPECT_EQ(view().size(), 3);
  EXPECT_EQ(phase(), State::DEGRADED);
  Leave(102);
  EXPECT_EQ(view().size(), 1);
  EXPECT_EQ(phase(), State::RUNNING);
}

// -- The end -----------------------------------------------------------------

TEST_F(MembershipTest, EndsOnceAllHaveGone) {
  Make(CohortSize::Fixed(2));
  JoinAll(2);
  EXPECT_TRUE(machine_->End(absl::CancelledError("done"), now_));
  EXPECT_FALSE(machine_->End(absl::CancelledError("again"), now_));
  EXPECT_EQ(phase(), State::ENDING);
  Leave(100);
  Lose(101);
  EXPECT_EQ(phase(), State::ENDED);
}

TEST_F(MembershipTest, EndsAtOnceWithoutWorkers) {
  Make(CohortSize::Fixed(2));
  machine_->End(absl::CancelledError("done"), now_);
  EXPECT_EQ(phase(), State::ENDED);
}

TEST_F(MembershipTest, CloseLosesWhoIsStillThere) {
  Make(CohortSize::Fixed(2));
  JoinAll(2);
  machine_->End(absl::CancelledError("done"), now_);
  machine_->Close(absl::DeadlineExceededError("did not leave"));
  EXPECT_EQ(phase(), State::ENDED);
  EXPECT_EQ(view().Find(0)->state, MemberState::kLost);
}

}  // namespace
}  // namespace am::cohort
