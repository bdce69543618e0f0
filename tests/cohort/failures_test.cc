// Workers, or the leader, are lost: what the policies make of it.
#include "am/v1/cohort.am.h"
#include "tests/cohort/cohort_fixture.h"

namespace am::cohort {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

class FailuresTest : public CohortTest {
 protected:
  // Worker `rank` leaves as it should when it is asked to.
  void LeaveWhenAsked(int rank) {
    Hand& hand = At(rank);
    world_.RunUntil(
        [&] { return hand.worker->state().phase() >= State::ENDING; },
        absl::Seconds(5));
    EXPECT_TRUE(hand.worker->AwaitEnd().ok());
    EXPECT_TRUE(hand.worker->Leave().Await().ok());
  }
};

TEST_F(FailuresTest, AKillIsActedOnAtOnce) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  const absl::Time begin = world_.clock().Now();
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::DEGRADED, absl::Seconds(5)));
  EXPECT_LT(world_.clock().Now() - begin, absl::Milliseconds(200));
  EXPECT_FALSE(leader_->view()->Find(1)->why.ok());
}

TEST_F(FailuresTest, OneThatIsCutOffIsLostByItsSilence) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  world_.Cut("leader", "w1", transport::CutKind::kSilent);
  EXPECT_TRUE(RunUntil(State::DEGRADED, absl::Seconds(5)));
  EXPECT_FALSE(At(1).worker->AwaitEnd().ok());
}

// -- Terminate all -----------------------------------------------------------

TEST_F(FailuresTest, TerminateAllCancelsAndLetsTheOthersLeave) {
  Form(Options(3));
  ShopAt(0).takes = absl::Seconds(30);
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(1));
  world_.Kill("w2");
  const Outcomes<test::Result> outcomes = map.Await();
  EXPECT_THAT(Kinds(outcomes),
              ElementsAre(Outcome::kCancelled, Outcome::kOk, Outcome::kOk));
  EXPECT_THAT(outcomes[0].status().message(), HasSubstr("rank 2"));
  LeaveWhenAsked(0);
  LeaveWhenAsked(1);
  EXPECT_TRUE(leader_->AwaitEnd().ok());
  EXPECT_EQ(phase(), State::ENDED);
}

TEST_F(FailuresTest, WhoDoesNotLeaveIsForcedAndNamed) {
  CohortOptions options = Options(3);
  const std::stop_source cancel = options.cancel;
  Lead(options);
  bool forced = false;
  for (int rank = 0; rank < 3; ++rank) {
    WorkerOptions worker;
    worker.rank = rank;
    worker.on_forced_end = [&forced] { forced = true; };
    ASSERT_TRUE(Join(Hire(absl::StrCat("w", rank)), worker).ok());
  }
  world_.Kill("w2");
  LeaveWhenAsked(0);
  const absl::Time begin = world_.clock().Now();
  const absl::Status ended = leader_->AwaitEnd();
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  EXPECT_THAT(ended.message(), HasSubstr("rank 1 (w1 at"));
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(12));
  EXPECT_TRUE(forced);
  EXPECT_TRUE(At(1).worker->AwaitEnd().ok()) << "it was asked first";
  EXPECT_TRUE(cancel.stop_requested());
}

TEST_F(FailuresTest, NothingIsBegunAfterwards) {
  Form(Options(2));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::ENDING));
  const auto outcomes = Map().Await();
  EXPECT_THAT(Kinds(outcomes), Each(Outcome::kRejected));
  EXPECT_TRUE(absl::IsFailedPrecondition(outcomes.status()));
}

// -- The other policies ------------------------------------------------------

TEST_F(FailuresTest, DegradedItGoesOnAndSaysWhoIsMissing) {
  Form(Options(3, FailurePolicy::kContinueDegraded));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::DEGRADED));
  const absl::Time begin = world_.clock().Now();
  EXPECT_THAT(Kinds(Map().Await()),
              ElementsAre(Outcome::kOk, Outcome::kLost, Outcome::kOk));
  EXPECT_EQ(world_.clock().Now(), begin) << "nobody waits for who is lost";
}

TEST_F(FailuresTest, FailFastCancelsAndBeginsNothing) {
  Form(Options(3, FailurePolicy::kFailFast));
  ShopAt(0).takes = absl::Seconds(30);
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(1));
  world_.Kill("w2");
  EXPECT_EQ(map.Await()[0].outcome, Outcome::kCancelled);
  EXPECT_EQ(phase(), State::FAILED);
  EXPECT_THAT(Kinds(Map().Await()), Each(Outcome::kRejected));
  EXPECT_TRUE(world_.RunUntil(
      [&] { return At(0).worker->state().phase() == State::FAILED; },
      absl::Seconds(1)));
}

TEST_F(FailuresTest, OperationsWaitForTheReplacement) {
  Form(Options(2, FailurePolicy::kWaitForReplacement));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::WAITING));
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(5));
  EXPECT_FALSE(map.ready());
  ASSERT_TRUE(Join(Hire("w1"), 1).ok());
  EXPECT_TRUE(map.Await().ok());
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(FailuresTest, WhoIsLostByItsOutcomeIsLostForTheNextOperation) {
  Form(Options(2, FailurePolicy::kWaitForReplacement));
  ShopAt(1).takes = absl::Seconds(30);
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(1));
  world_.Kill("w1");
  EXPECT_EQ(map.Await()[1].outcome, Outcome::kLost);
  EXPECT_EQ(phase(), State::WAITING);
}

TEST_F(FailuresTest, ButNotBeyondTheirDeadline) {
  Form(Options(2, FailurePolicy::kWaitForReplacement));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::WAITING));
  const auto outcomes = Map({.timeout = absl::Seconds(2)}).Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kLate, Outcome::kLost));
}

TEST_F(FailuresTest, WithoutAReplacementAllEnd) {
  Form(Options(2, FailurePolicy::kWaitForReplacement));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::WAITING));
  EXPECT_TRUE(RunUntil(State::ENDING));
  EXPECT_TRUE(absl::IsDeadlineExceeded(leader_->view()->why));
}

// -- The leader --------------------------------------------------------------

TEST_F(FailuresTest, AWorkerThatLosesItsLeaderEnds) {
  Form(Options(2));
  ShopAt(0).takes = absl::Seconds(30);
  Map().Detach();
  world_.Run(absl::Seconds(1));
  world_.Kill("leader");
  EXPECT_TRUE(absl::IsUnavailable(At(0).worker->AwaitEnd()));
  EXPECT_TRUE(absl::IsUnavailable(At(1).worker->AwaitEnd()));
  world_.Run(absl::Minutes(1));
  EXPECT_TRUE(ShopAt(0).was_cancelled) << "nobody awaits it any more";
}

TEST_F(FailuresTest, OrJoinsTheNextLeaderAtItsAddress) {
  Lead(Options(2));
  for (int rank = 0; rank < 2; ++rank) {
    WorkerOptions worker;
    worker.rank = rank;
    worker.leader_loss = LeaderLossPolicy::kAwaitReturn;
    ASSERT_TRUE(Join(Hire(absl::StrCat("w", rank)), worker).ok());
  }
  world_.Kill("leader");
  world_.Run(absl::Seconds(3));
  leader_.reset();
  leading_.reset();
  Lead(Options(2));
  EXPECT_TRUE(leader_->AwaitComplete(absl::Seconds(30)).ok());
  EXPECT_TRUE(Map().Await().ok());
}

TEST_F(FailuresTest, ButNotForEver) {
  Lead(Options(1));
  WorkerOptions worker;
  worker.leader_loss = LeaderLossPolicy::kAwaitReturn;
  worker.leader_return_timeout = absl::Seconds(10);
  ASSERT_TRUE(Join(Hire("w0"), worker).ok());
  world_.Kill("leader");
  const absl::Time begin = world_.clock().Now();
  EXPECT_TRUE(absl::IsUnavailable(At(0).worker->AwaitEnd()));
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(15));
}

TEST_F(FailuresTest, OrServesOn) {
  Lead(Options(1));
  WorkerOptions worker;
  worker.leader_loss = LeaderLossPolicy::kServeOn;
  ASSERT_TRUE(Join(Hire("w0"), worker).ok());
  world_.Kill("leader");
  world_.Run(absl::Minutes(5));
  EXPECT_NE(At(0).worker->state().phase(), State::ENDED);
}

// -- The end -----------------------------------------------------------------

TEST_F(FailuresTest, ShutdownReturnsWhenTheLastHasGone) {
  Lead(Options(2));
  for (int rank = 0; rank < 2; ++rank) {
    Hand& hand = Hire(absl::StrCat("w", rank));
    WorkerOptions worker;
    worker.rank = rank;
    worker.on_end = [&hand] { hand.worker->Leave().Detach(); };
    ASSERT_TRUE(Join(hand, worker).ok());
  }
  const absl::Time begin = world_.clock().Now();
  EXPECT_TRUE(leader_->Shutdown().ok());
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(1));
  EXPECT_EQ(leader_->view()->Find(0)->state, MemberState::kLeft);
  EXPECT_TRUE(leader_->Shutdown().ok());
}

// An epoch may be handled before the request to leave that was sent before it.
TEST_F(FailuresTest, WhoIsAskedToLeaveDoesSoThoughAnEpochHasOvertakenThat) {
  Form(Options(2));
  v1::EndRequest request;
  *request.mutable_cohort() = At(0).worker->state().cohort();
  ASSERT_GT(request.cohort().epoch(), 1u);
  request.mutable_cohort()->set_epoch(1);
  ASSERT_TRUE(leading_->client()
                  .Call(v1::CohortMemberAm::kEnd, At(0).manager->instance_id(),
                        request, {})
                  .Await()
                  .ok());
  EXPECT_TRUE(At(0).worker->AwaitEnd().ok());
}

TEST_F(FailuresTest, NobodyIsEndedByAnotherCohort) {
  Form(Options(2));
  v1::EndRequest request;
  *request.mutable_cohort() = At(0).worker->state().cohort();
  request.mutable_cohort()->set_id(7);
  EXPECT_TRUE(absl::IsFailedPrecondition(leading_->client()
                                             .Call(v1::CohortMemberAm::kEnd,
                                                   At(0).manager->instance_id(),
                                                   request, {})
                                             .Await()));
  EXPECT_FALSE(At(0).worker->state().phase() >= State::ENDING);
}

TEST_F(FailuresTest, WhatRunsIsFinishedFirst) {
  Lead(Options(1));
  Hand& hand = Hire("w0");
  WorkerOptions worker;
  worker.on_end = [&hand] { hand.worker->Leave().Detach(); };
  ASSERT_TRUE(Join(hand, worker).ok());
  hand.workshop->takes = absl::Seconds(2);
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(1));
  EXPECT_TRUE(leader_->Shutdown().ok());
  EXPECT_TRUE(map.Await().ok());
}

// Its silence is noticed before its time is up: then it is gone.
TEST_F(FailuresTest, WhoHangsHoldsUpNoShutdown) {
  Form(Options(2));
  world_.Pause("w0");
  At(1).worker->Leave().Detach();
  const absl::Time begin = world_.clock().Now();
  EXPECT_TRUE(leader_->Shutdown().ok());
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(5));
  EXPECT_EQ(phase(), State::ENDED);
  EXPECT_EQ(leader_->view()->Find(0)->state, MemberState::kLost);
}

TEST_F(FailuresTest, WhoeverStopsTheTokenEndsIt) {
  CohortOptions options = Options(2);
  std::stop_source cancel = options.cancel;
  Form(options);
  cancel.request_stop();
  EXPECT_TRUE(RunUntil(State::ENDING));
  EXPECT_TRUE(At(0).worker->AwaitEnd().ok());
}

}  // namespace
}  // namespace am::cohort
