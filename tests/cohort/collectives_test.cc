// Barriers and reductions.
#include <numeric>

#include "am/v1/cohort.am.h"
#include "tests/cohort/cohort_fixture.h"

namespace am::cohort {
namespace {

using test::WorkAm;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

class CollectivesTest : public CohortTest {
 protected:
  Future<void> Arrive(int rank, absl::Duration timeout = absl::Seconds(20)) {
    return At(rank).worker->Barrier("step", timeout);
  }
};

// -- Barriers ----------------------------------------------------------------

TEST_F(CollectivesTest, ABarrierOpensWhenAllHaveArrived) {
  Form(Options(2));
  Future<void> first = Arrive(0);
  Future<void> second = Arrive(1);
  world_.Run(absl::Seconds(1));
  EXPECT_FALSE(first.ready()) << "the leader is not there";
  const auto outcomes = leader_->Barrier("step", absl::Seconds(5)).Await();
  EXPECT_TRUE(outcomes.ok()) << outcomes.ToString();
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(second.Await().ok());
}

TEST_F(CollectivesTest, ItsNameMayBeUsedAgain) {
  Form(Options(1));
  for (int i = 0; i < 3; ++i) {
    Future<void> arrived = Arrive(0);
    ASSERT_TRUE(leader_->Barrier("step", absl::Seconds(5)).Await().ok());
    ASSERT_TRUE(arrived.Await().ok());
  }
}

TEST_F(CollectivesTest, WhoDoesNotComeIsNamed) {
  Lead(Options(3));
  ASSERT_TRUE(Join(Hire("w0"), 0).ok());
  ASSERT_TRUE(Join(Hire("w1"), 1).ok());
  Future<void> arrived = Arrive(0);
  const auto outcomes = leader_->Barrier("step", absl::Seconds(5)).Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kCancelled, Outcome::kLate,
                                           Outcome::kNeverJoined));
  const absl::Status broken = arrived.Await();
  EXPECT_TRUE(absl::IsAborted(broken)) << broken;
}

TEST_F(CollectivesTest, ALossBreaksIt) {
  Form(Options(3, FailurePolicy::kFailFast));
  Future<void> arrived = Arrive(0);
  Collective<Outcomes<void>> barrier =
      leader_->Barrier("step", absl::Seconds(30));
  Promise(leading_->client(), absl::Seconds(1))
      .future()
      .OnDone([&](const absl::Status&) { world_.Kill("w2"); });
  const absl::Time begin = world_.clock().Now();
  const auto outcomes = barrier.Await();
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(3));
  EXPECT_EQ(outcomes[2].outcome, Outcome::kLost);
  EXPECT_TRUE(absl::IsAborted(arrived.Await()));
}

TEST_F(CollectivesTest, DegradedItOpensForThoseWhoAreThere) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::DEGRADED));
  Future<void> arrived = Arrive(0);
  const auto outcomes = leader_->Barrier("step", absl::Seconds(5)).Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kOk, Outcome::kLost));
  EXPECT_TRUE(arrived.Await().ok());
}

TEST_F(CollectivesTest, ArrivingTwiceIsRefused) {
  Form(Options(1));
  Future<void> first = Arrive(0);
  EXPECT_TRUE(absl::IsAlreadyExists(Arrive(0).Await()));
  EXPECT_TRUE(leader_->Barrier("step", absl::Seconds(5)).Await().ok());
  EXPECT_TRUE(first.Await().ok());
}

TEST_F(CollectivesTest, WhomABarrierWaitsForIsSeen) {
  Form(Options(2));
  Future<void> arrived = Arrive(0);
  v1::CohortDescription description;
  Promise(leading_->client(), absl::Seconds(1))
      .future()
      .OnDone([&](const absl::Status&) {
        description = leader_->Describe().Await();
      });
  leader_->Barrier("step", absl::Seconds(3)).Await();
  ASSERT_EQ(description.operations_size(), 1);
  EXPECT_EQ(description.operations(0).handler(), "barrier step");
  EXPECT_THAT(description.operations(0).awaited_ranks(), ElementsAre(1));
}

// -- Reductions --------------------------------------------------------------

TEST_F(CollectivesTest, ReduceKeepsTheOrderOfRanks) {
  Form(Options(4));
  const auto reduced =
      leader_->Reduce(WorkAm::kDo, TaskOf(2), WorkAm::kAdd).Await();
  ASSERT_TRUE(reduced.value.ok()) << reduced.value.status();
  EXPECT_EQ(reduced.value->number(), 8);
  EXPECT_EQ(reduced.value->trace(), "0 1 2 3 ");
  EXPECT_TRUE(reduced.ranks.ok());
  EXPECT_EQ(reducer_.additions, 1) << "up to 16 workers the leader reduces";
}

TEST_F(CollectivesTest, BeyondSixteenWorkersItIsATree) {
  Form(Options(40));
  const auto reduced =
      leader_->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd).Await();
  ASSERT_TRUE(reduced.value.ok()) << reduced.value.status();
  EXPECT_EQ(reduced.value->number(), 40);
  std::string in_order;
  for (int rank = 0; rank < 40; ++rank) absl::StrAppend(&in_order, rank, " ");
  EXPECT_EQ(reduced.value->trace(), in_order);
  int at_workers = 0;
  for (const auto& hand : hands_) at_workers += hand->workshop->additions;
  EXPECT_EQ(at_workers, 16);
  EXPECT_EQ(reducer_.additions, 1);
}

TEST_F(CollectivesTest, AFailureDeepDownIsThatOfItsRank) {
  Form(Options(40));
  ShopAt(38).fails = absl::DataLossError("no gradient");
  const auto reduced =
      leader_->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd).Await();
  EXPECT_EQ(reduced.value.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(reduced.value.status().message(), HasSubstr("rank 38"));
  EXPECT_EQ(reduced.ranks.Count(Outcome::kOk), 39);
  EXPECT_EQ(reduced.ranks[38].outcome, Outcome::kHandlerError);
}

// Of those with others below them, and of those below.
TEST_F(CollectivesTest, WhoIsLateInATreeIsThatAlone) {
  Form(Options(40));
  for (const int slow : {0, 38}) {
    ShopAt(slow).takes = absl::Minutes(1);
    const auto reduced = leader_
                             ->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd,
                                      {.timeout = absl::Seconds(2)})
                             .Await();
    ShopAt(slow).takes = absl::ZeroDuration();
    EXPECT_TRUE(absl::IsDeadlineExceeded(reduced.value.status()));
    EXPECT_THAT(reduced.value.status().message(),
                HasSubstr(absl::StrCat("rank ", slow)));
    EXPECT_EQ(reduced.ranks.Count(Outcome::kLate), 1);
    EXPECT_EQ(reduced.ranks.Count(Outcome::kOk), 39);
  }
}

TEST_F(CollectivesTest, WhoIsLostDeepDownIsThatAlone) {
  Form(Options(40, FailurePolicy::kContinueDegraded));
  ShopAt(38).takes = absl::Seconds(10);
  Promise(leading_->client(), absl::Seconds(1))
      .future()
      .OnDone([&](const absl::Status&) { world_.Kill("w38"); });
  const auto reduced =
      leader_->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd).Await();
  EXPECT_TRUE(absl::IsUnavailable(reduced.value.status()));
  EXPECT_EQ(reduced.ranks[38].outcome, Outcome::kLost);
  EXPECT_EQ(reduced.ranks.Count(Outcome::kOk), 39);
}

TEST_F(CollectivesTest, WhomATreeWaitsForIsSeen) {
  Form(Options(40));
  ShopAt(38).takes = absl::Seconds(10);
  v1::CohortDescription description;
  Promise(leading_->client(), absl::Seconds(1))
      .future()
      .OnDone([&](const absl::Status&) {
        description = leader_->Describe().Await();
      });
  EXPECT_TRUE(
      leader_->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd).Await().value.ok());
  ASSERT_EQ(description.operations_size(), 1);
  EXPECT_THAT(description.operations(0).awaited_ranks(),
              ElementsAre(37, 38, 39));
  std::vector<std::string> running;
  for (const auto& handler : description.members(38).running()) {
    running.push_back(handler.name());
  }
  EXPECT_THAT(running, testing::Contains("am.test.Work/Do"));
  EXPECT_EQ(description.members(39).running_size(), 0);
}

Task<void> ReduceAndMeet(Leader& leader, std::int64_t& sum, bool& met) {
  const auto reduced =
      co_await leader.Reduce(WorkAm::kDo, test::Task(), WorkAm::kAdd);
  sum = reduced.value.ok() ? reduced.value->number() : -1;
  met = (co_await leader.Barrier("step", absl::Seconds(5))).ok();
}

TEST_F(CollectivesTest, CoroutinesAwaitThemToo) {
  Form(Options(2));
  std::int64_t sum = -2;
  bool met = false;
  StartTask(ReduceAndMeet(*leader_, sum, met));
  Future<void> first = Arrive(0);
  Future<void> second = Arrive(1);
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(sum, 0);
  EXPECT_TRUE(met);
  EXPECT_TRUE(first.Await().ok() && second.Await().ok());
}

TEST_F(CollectivesTest, AWorkerThatIsLostHasNoValue) {
  Form(Options(3, FailurePolicy::kContinueDegraded));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::DEGRADED));
  const auto reduced =
      leader_->Reduce(WorkAm::kDo, TaskOf(1), WorkAm::kAdd).Await();
  EXPECT_FALSE(reduced.value.ok());
  EXPECT_THAT(Kinds(reduced.ranks),
              ElementsAre(Outcome::kOk, Outcome::kLost, Outcome::kOk));
}

TEST_F(CollectivesTest, AllReduceDeliversToAll) {
  Form(Options(3));
  const auto reduced =
      leader_->AllReduce(WorkAm::kDo, TaskOf(5), WorkAm::kAdd, WorkAm::kKeep)
          .Await();
  ASSERT_TRUE(reduced.value.ok()) << reduced.value.status();
  for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(ShopAt(rank).kept, 15);
}

// Also among workers, who have no places to give.
TEST_F(CollectivesTest, AReductionForAnEarlierPlaceIsRefused) {
  Form(Options(2));
  v1::ReduceRequest request;
  *request.mutable_cohort() = At(1).worker->state().cohort();
  request.mutable_cohort()->set_epoch(1);
  request.add_members()->set_rank(1);
  const absl::Status status =
      leading_->client()
          .Call(v1::CohortMemberAm::kReduce, At(1).manager->instance_id(),
                request, {})
          .Await()
          .status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(At(1).worker->stale_refused(), 1);
}

TEST_F(CollectivesTest, AReducerOfOtherValuesIsRefused) {
  Form(Options(1));
  const Method<test::Result, test::Result, Pattern::kResponse> wrong{
      WorkAm::kAdd.spec};
  const auto reduced = leader_->Reduce(WorkAm::kDo, TaskOf(1), wrong).Await();
  EXPECT_TRUE(absl::IsInvalidArgument(reduced.value.status()));
}

}  // namespace
}  // namespace am::cohort
