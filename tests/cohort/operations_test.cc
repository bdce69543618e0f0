// What is done with all ranks, and what it comes to at each.
#include <stdexcept>

#include "tests/cohort/cohort_fixture.h"

namespace am::cohort {
namespace {

using test::WorkAm;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

class OperationsTest : public CohortTest {};

TEST_F(OperationsTest, ParMapGivesEachRankItsOwn) {
  Form(Options(3));
  const Outcomes<test::Result> outcomes = Map().Await();
  ASSERT_TRUE(outcomes.ok()) << outcomes.ToString();
  for (int rank = 0; rank < 3; ++rank) {
    const auto& result = outcomes[static_cast<std::size_t>(rank)];
    EXPECT_EQ(result.rank, rank);
    EXPECT_EQ(result.value->number(), rank);
    EXPECT_EQ(result.value->trace(), absl::StrCat(rank, " "));
  }
  EXPECT_EQ(outcomes.Indexed()->at(1).first, 1);
}

TEST_F(OperationsTest, TheMapperMayKnowTheMember) {
  Form(Options(2));
  std::vector<std::string> names;
  const auto mapper = [&](int rank, const Member& member) {
    names.push_back(member.peer.name);
    return TaskOf(rank);
  };
  EXPECT_TRUE(leader_->ParMap(WorkAm::kDo, mapper).Await().ok());
  EXPECT_THAT(names, ElementsAre("w0", "w1"));
}

TEST_F(OperationsTest, EveryKindOfOutcomeIsTold) {
  Lead(Options(6));
  for (const int rank : {0, 1, 2, 3, 4}) {
    ASSERT_TRUE(Join(Hire(absl::StrCat("w", rank)), rank).ok());
  }
  ShopAt(1).fails = absl::DataLossError("no such batch");
  ShopAt(2).takes = absl::Seconds(10);
  world_.Pause("w3");
  ASSERT_TRUE(At(4).manager->Deregister("am.test.Work/Do").ok());
  Operation<test::Result> map = Map({.timeout = absl::Seconds(5)});
  world_.Run(absl::Milliseconds(100));
  world_.Kill("w3");
  const Outcomes<test::Result> outcomes = map.Await();
  EXPECT_THAT(
      Kinds(outcomes),
      ElementsAre(Outcome::kOk, Outcome::kHandlerError, Outcome::kLate,
                  Outcome::kLost, Outcome::kRejected, Outcome::kNeverJoined))
      << outcomes.ToString();
  EXPECT_EQ(outcomes[1].status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(outcomes[1].status().message(), HasSubstr("rank 1 (w1 at"));
  EXPECT_THAT(outcomes[1].status().message(), HasSubstr("no such batch"));
  EXPECT_THAT(outcomes.ToString(), HasSubstr("never joined"));
}

TEST_F(OperationsTest, OneDeadlineIsForAllRanks) {
  Form(Options(4));
  for (int rank = 0; rank < 4; ++rank) ShopAt(rank).takes = absl::Minutes(1);
  const absl::Time begin = world_.clock().Now();
  const auto outcomes = Map({.timeout = absl::Seconds(2)}).Await();
  EXPECT_THAT(Kinds(outcomes), Each(Outcome::kLate));
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(3));
}

TEST_F(OperationsTest, OneFailureMayCancelTheRestAtTheWorkersToo) {
  Form(Options(3));
  ShopAt(0).fails = absl::AbortedError("bad");
  ShopAt(0).takes = absl::Milliseconds(100);
  ShopAt(1).takes = absl::Seconds(5);
  ShopAt(2).takes = absl::Seconds(5);
  const absl::Time begin = world_.clock().Now();
  const auto outcomes = Map({.on_failure = OnFailure::kCancelRest}).Await();
  EXPECT_LT(world_.clock().Now() - begin, absl::Seconds(1));
  EXPECT_THAT(Kinds(outcomes),
              ElementsAre(Outcome::kHandlerError, Outcome::kCancelled,
                          Outcome::kCancelled));
  EXPECT_THAT(outcomes[2].status().message(), HasSubstr("rank 0"));
  world_.Run(absl::Seconds(10));
  EXPECT_TRUE(ShopAt(1).was_cancelled);
  EXPECT_TRUE(ShopAt(2).was_cancelled);
}

TEST_F(OperationsTest, OtherwiseAllAreAwaited) {
  Form(Options(2));
  ShopAt(0).fails = absl::AbortedError("bad");
  ShopAt(1).takes = absl::Seconds(5);
  EXPECT_THAT(Kinds(Map().Await()),
              ElementsAre(Outcome::kHandlerError, Outcome::kOk));
}

TEST_F(OperationsTest, AMapperThatThrowsFailsItsRankAlone) {
  Form(Options(3));
  const auto mapper = [](int rank) -> absl::StatusOr<test::Task> {
    if (rank == 0) throw std::runtime_error("no data");
    if (rank == 1) return absl::NotFoundError("no shard");
    return TaskOf(rank);
  };
  const auto outcomes = leader_->ParMap(WorkAm::kDo, mapper).Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kRejected,
                                           Outcome::kRejected, Outcome::kOk));
  EXPECT_EQ(outcomes[0].status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(outcomes[0].status().message(), HasSubstr("no data"));
  EXPECT_EQ(outcomes[1].status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Map().Await().ok());
}

TEST_F(OperationsTest, SomeRanksMayDo) {
  Form(Options(4));
  const auto ranks = [&](const Ranks& of) {
    std::vector<int> seen;
    for (const auto& result : Map({.ranks = of}).Await()) {
      seen.push_back(result.rank);
    }
    return seen;
  };
  EXPECT_THAT(ranks(Ranks::One(2)), ElementsAre(2));
  EXPECT_THAT(ranks(Ranks::Range(1, 3)), ElementsAre(1, 2));
  EXPECT_THAT(ranks(Ranks::Range(2, 99)), ElementsAre(2, 3));
  const std::vector<int> set = {3, 0, 3};
  EXPECT_THAT(ranks(Ranks::Of(set)), ElementsAre(3, 0));
}

TEST_F(OperationsTest, ARankThatIsNotThereIsRejected) {
  Form(Options(2));
  const auto outcomes = Map({.ranks = Ranks::One(9)}).Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kRejected));
  EXPECT_TRUE(absl::IsOutOfRange(outcomes.status()));
  EXPECT_FALSE(Map({.ranks = Ranks::Range(5, 7)}).Await().ok());
}

TEST_F(OperationsTest, ScatterDealsInOrderOfRanks) {
  Form(Options(3));
  std::vector<test::Task> tasks = {TaskOf(10), TaskOf(11), TaskOf(12)};
  const auto outcomes = leader_->Scatter(WorkAm::kDo, tasks).Await();
  EXPECT_EQ(outcomes.Values()->at(2).number(), 12);
  tasks.pop_back();
  EXPECT_TRUE(absl::IsInvalidArgument(
      leader_->Scatter(WorkAm::kDo, tasks).Await().status()));
}

TEST_F(OperationsTest, ScatterGivesToEachItsOwnAlsoWhereOneIsMissing) {
  Form(Options(3, FailurePolicy::kContinueDegraded));
  world_.Kill("w1");
  EXPECT_TRUE(RunUntil(State::DEGRADED));
  const auto outcomes =
      leader_->Scatter(WorkAm::kDo, {TaskOf(10), TaskOf(11), TaskOf(12)})
          .Await();
  EXPECT_EQ(outcomes[0].value->number(), 10);
  EXPECT_EQ(outcomes[1].outcome, Outcome::kLost);
  EXPECT_EQ(outcomes[2].value->number(), 12);
}

TEST_F(OperationsTest, GatherHasTheValuesInOrderOfRanks) {
  Form(Options(3));
  const auto values = leader_->Gather(WorkAm::kDo, TaskOf(7)).Await().Values();
  ASSERT_EQ(values->size(), 3);
  EXPECT_EQ(values->at(1).trace(), "1 ");
}

TEST_F(OperationsTest, BroadcastReachesAllOnceWritten) {
  Form(Options(3));
  EXPECT_TRUE(leader_->Broadcast(WorkAm::kNote, TaskOf(5)).Await().ok());
  world_.Run(absl::Seconds(1));
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_THAT(ShopAt(rank).notes, ElementsAre(5));
  }
  EXPECT_EQ(leader_->Describe().Await().counters().at("serialised"), 1);
}

// w0 is stopped, and its queue is full.
class FullQueueTest : public OperationsTest {
 protected:
  void SetUp() override {
    Form(Options(2));
    world_.Pause("w0");
    const std::string megabyte(1 << 20, 'x');
    const MessageBuilder note =
        leading_->client().Message("am.test.Work/Note").Payload(megabyte);
    while (note.SendDetached(At(0).manager->instance_id()).ok()) continue;
  }

  Outcomes<void> Broadcast(SendOrder order) {
    return leader_
        ->Broadcast(WorkAm::kNote, TaskOf(5),
                    {.timeout = absl::Milliseconds(500),
                     .when_full = WhenFull::kWait,
                     .order = order})
        .Await();
  }
};

TEST_F(FullQueueTest, ByRankThoseAfterItWaitAsWell) {
  EXPECT_THAT(Kinds(Broadcast(SendOrder::kByRank)),
              ElementsAre(Outcome::kLate, Outcome::kLate));
  EXPECT_THAT(ShopAt(1).notes, ElementsAre());
}

TEST_F(FullQueueTest, AtOnceNobodyWaitsForIt) {
  const auto outcomes = Broadcast(SendOrder::kAtOnce);
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kLate, Outcome::kOk))
      << outcomes.ToString();
  EXPECT_THAT(ShopAt(1).notes, ElementsAre(5));
}

TEST_F(OperationsTest, AcksSayWhichRankRefused) {
  Form(Options(2));
  ShopAt(1).fails = absl::ResourceExhaustedError("no room");
  const auto acks = leader_->BroadcastAcks(WorkAm::kCheck, TaskOf(1)).Await();
  EXPECT_TRUE(acks[0].ok());
  EXPECT_EQ(acks[1].outcome, Outcome::kHandlerError);
  EXPECT_THAT(acks[1].value.message(), HasSubstr("no room"));
}

TEST_F(OperationsTest, HandlersMayBeKnownByTheirNames) {
  Form(Options(2));
  for (int rank = 0; rank < 2; ++rank) {
    const auto shout =
        [](Context&, const std::string& in) -> absl::StatusOr<std::string> {
      return in + "!";
    };
    ASSERT_TRUE(At(rank).manager->RegisterResponse("shout", shout).ok());
  }
  const NamedResponse<> shout("shout");
  const auto outcomes =
      leader_->ParMap(shout, [](int rank) { return absl::StrCat(rank); })
          .Await();
  EXPECT_THAT(*outcomes.Values(), ElementsAre("0!", "1!"));
  EXPECT_THAT(
      *leader_->BroadcastResponses(shout, std::string("a")).Await().Values(),
      ElementsAre("a!", "a!"));
  const auto none =
      leader_->BroadcastAcks(NamedAck<>("none"), std::string()).Await();
  EXPECT_THAT(Kinds(none), Each(Outcome::kRejected));
  const auto wrong =
      leader_->BroadcastAcks(NamedAck<>("not a name"), std::string()).Await();
  EXPECT_TRUE(absl::IsInvalidArgument(wrong.status()));
}

TEST_F(OperationsTest, HandlersAreAwaitedOnAll) {
  Form(Options(2));
  EXPECT_TRUE(leader_->AwaitHandlerOnAll("am.test.Work/Do", absl::Seconds(1))
                  .Await()
                  .ok());
  const auto ok = [](Context&, const std::string&) { return absl::OkStatus(); };
  ASSERT_TRUE(At(1).manager->RegisterAck("later", ok).ok());
  EXPECT_THAT(
      Kinds(leader_->AwaitHandlerOnAll("later", absl::Seconds(1)).Await()),
      ElementsAre(Outcome::kLate, Outcome::kOk));
}

Task<void> MapAndCount(Operation<test::Result> map, int& ok) {
  const Outcomes<test::Result> outcomes = co_await map;
  ok = outcomes.Count(Outcome::kOk);
}

TEST_F(OperationsTest, CoroutinesAwaitThemToo) {
  Form(Options(3));
  int ok = 0;
  StartTask(MapAndCount(Map(), ok));
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(ok, 3);
}

TEST_F(OperationsTest, OneThatNobodyAwaitsIsCancelled) {
  Form(Options(2));
  ShopAt(0).takes = absl::Seconds(5);
  {
    Operation<test::Result> map = Map();
    world_.Run(absl::Seconds(1));
    EXPECT_FALSE(map.ready());
  }
  world_.Run(absl::Seconds(10));
  EXPECT_TRUE(ShopAt(0).was_cancelled);
}

TEST_F(OperationsTest, DetachedOnesGoOn) {
  Form(Options(2));
  ShopAt(0).takes = absl::Seconds(5);
  Map().Detach();
  world_.Run(absl::Seconds(10));
  EXPECT_FALSE(ShopAt(0).was_cancelled);
}

TEST_F(OperationsTest, WithoutRanksTheyWorkAsWell) {
  Lead(Options(2));
  ASSERT_TRUE(Join(Hire("b")).ok());
  ASSERT_TRUE(Join(Hire("a")).ok());
  const auto outcomes = Map().Await();
  ASSERT_TRUE(outcomes.ok());
  EXPECT_EQ(outcomes.size(), 2);
}

// -- Old epochs --------------------------------------------------------------

TEST_F(OperationsTest, WhatWasMeantForAnEarlierPlaceNeverRuns) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  ShopAt(1).takes = absl::Seconds(2);
  Operation<test::Result> first = leader_->ParMap(WorkAm::kDoAlone, &TaskOf);
  Operation<test::Result> second = leader_->ParMap(WorkAm::kDoAlone, &TaskOf);
  world_.Run(absl::Seconds(1));
  // It has the second one in its queue, and takes another place meanwhile.
  ASSERT_TRUE(At(1).worker->Leave().Await().ok());
  At(1).worker.reset();
  ASSERT_TRUE(Join(At(1), 1).ok());
  EXPECT_TRUE(first.Await().ok()) << "it had begun";
  const auto outcomes = second.Await();
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Outcome::kOk, Outcome::kRejected));
  EXPECT_TRUE(absl::IsFailedPrecondition(outcomes.status()));
  EXPECT_EQ(ShopAt(1).begun, 1);
  EXPECT_EQ(At(1).worker->stale_refused(), 1);
  EXPECT_TRUE(leader_->ParMap(WorkAm::kDoAlone, &TaskOf).Await().ok());
}

TEST_F(OperationsTest, WhatIsMeantForAnotherCohortNeverRuns) {
  Form(Options(1));
  const auto call = [&](absl::string_view place) {
    return leading_->client()
        .Message("am.test.Work/Do")
        .Payload(TaskOf(0))
        .AddMetadata("cohort-place", place)
        .Expect<test::Result>()
        .Send(At(0).manager->instance_id())
        .Await()
        .status();
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(call("7.1")));
  EXPECT_TRUE(absl::IsFailedPrecondition(call("no place")));
  EXPECT_EQ(ShopAt(0).begun, 0);
  EXPECT_EQ(At(0).worker->stale_refused(), 2);
  EXPECT_TRUE(Map().Await().ok());
}

// -- Who holds us up ---------------------------------------------------------

// Describe says whom an operation waits for, and where that is.
TEST_F(OperationsTest, WhoHoldsUsUpIsSeen) {
  Form(Options(3));
  ShopAt(1).takes = absl::Seconds(10);
  Operation<test::Result> map = Map();
  world_.Run(absl::Seconds(2));
  const v1::CohortDescription description = leader_->Describe().Await();
  ASSERT_EQ(description.operations_size(), 1);
  const v1::OperationDescription& operation = description.operations(0);
  EXPECT_EQ(operation.handler(), "am.test.Work/Do");
  EXPECT_THAT(operation.awaited_ranks(), ElementsAre(1));
  EXPECT_GE(operation.running_for().seconds(), 2);
  const v1::MemberDescription& slow = description.members(1);
  ASSERT_EQ(slow.running_size(), 1);
  EXPECT_EQ(slow.running(0).name(), "am.test.Work/Do");
  EXPECT_GE(slow.running(0).busy_for().seconds(), 1);
  EXPECT_TRUE(map.Await().ok());
  EXPECT_EQ(leader_->Describe().Await().operations_size(), 0);
}

// Also by the heartbeats of the runtime, which come oftener than the cohort's.
TEST_F(OperationsTest, WhenEachWasLastHeardIsSeen) {
  Form(Options(2));
  world_.Run(absl::Milliseconds(4900));
  const v1::CohortDescription description = leader_->Describe().Await();
  EXPECT_LE(description.members(0).last_heard().seconds(), 1);
}

TEST_F(OperationsTest, StragglersGetAScore) {
  Form(Options(3));
  for (int rank = 0; rank < 3; ++rank) ShopAt(rank).takes = absl::Seconds(1);
  ShopAt(2).takes = absl::Seconds(3);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Map().Await().ok());
  const v1::CohortDescription description = leader_->Describe().Await();
  EXPECT_NEAR(description.members(0).straggler_score(), 1, 0.1);
  EXPECT_NEAR(description.members(2).straggler_score(), 3, 0.3);
}

}  // namespace
}  // namespace am::cohort
