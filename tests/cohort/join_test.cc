// Joining, leaving, and being known by a rank.
#include "am/v1/cohort.am.h"
#include "tests/am/fake_directory.h"
#include "tests/cohort/cohort_fixture.h"

namespace am::cohort {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JoinTest : public CohortTest {
 protected:
  static Task<void> JoinAt(Manager& manager, std::string leader,
                           std::optional<absl::Status>& joined) {
    WorkerOptions options;
    options.leader = std::move(leader);
    joined = (co_await Worker::JoinTask(manager, options)).status();
  }
};

TEST_F(JoinTest, WorkersAreKnownByTheRanksTheyBring) {
  Form(Options(3));
  EXPECT_EQ(At(2).worker->rank(), 2);
  EXPECT_EQ(leader_->view()->Find(2)->peer.id, At(2).manager->instance_id());
  EXPECT_TRUE(At(0).worker->AwaitComplete(absl::Seconds(1)).ok());
  EXPECT_EQ(At(0).worker->state().phase(), State::RUNNING);
}

TEST_F(JoinTest, LabelsComeAlong) {
  Lead(Options(1));
  WorkerOptions options;
  options.labels = {{"gpu", "3"}};
  ASSERT_TRUE(Join(Hire("w0"), options).ok());
  EXPECT_EQ(leader_->view()->Find(0)->labels.at("gpu"), "3");
}

TEST_F(JoinTest, WhoComesBeforeTheLeaderWaitsForIt) {
  Hand& early = Hire("w0");
  bool joined = false;
  // The leader comes 3 s later.
  Promise(early.manager->client(), absl::Seconds(3))
      .future()
      .OnDone([&](const absl::Status&) { Lead(Options(1)); });
  joined = Join(early, 0).ok();
  EXPECT_TRUE(joined);
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(JoinTest, WhoComesBeforeTheCohortWaitsForIt) {
  leading_ = world_.MakeManager("leader", {});
  Hand& early = Hire("w0");
  Promise(early.manager->client(), absl::Seconds(3))
      .future()
      .OnDone([&](const absl::Status&) {
        leader_ = *Leader::Make(*leading_, Options(1));
      });
  EXPECT_TRUE(Join(early, 0).ok());
}

TEST_F(JoinTest, WithoutALeaderJoiningEndsInTime) {
  WorkerOptions options;
  options.join_timeout = absl::Seconds(5);
  const absl::Status status = Join(Hire("w0"), options);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

// The directory knows them until their leases end.
TEST_F(JoinTest, LeadersWhoHaveDiedArePassedOver) {
  FakeRegistry registry;
  const auto make = [&](const std::string& name) {
    ManagerOptions options;
    options.directory = registry.MakeDirectory();
    return world_.MakeManager(name, std::move(options));
  };
  std::vector<std::unique_ptr<Manager>> managers;
  std::vector<std::unique_ptr<Leader>> leaders;
  for (const char* const name : {"a", "b", "c", "d", "alive"}) {
    managers.push_back(make(name));
    leaders.push_back(*Leader::Make(*managers.back(), Options(1)));
  }
  const auto hand = make("w0");
  registry.TellAll();
  for (const char* const name : {"a", "b", "c", "d"}) world_.Kill(name);
  WorkerOptions options;
  options.join_timeout = absl::Seconds(5);
  const auto worker = Worker::Join(*hand, options);
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_EQ((*worker)->leader(), managers.back()->instance_id());
}

TEST_F(JoinTest, WhoShutsDownMeanwhileGivesUp) {
  Hand& hand = Hire("w0");
  std::optional<absl::Status> joined;
  StartTask(JoinAt(*hand.manager, "inproc://leader", joined));
  world_.Run(absl::Seconds(1));
  EXPECT_FALSE(joined.has_value());
  EXPECT_TRUE(hand.manager->Shutdown().ok());
  ASSERT_TRUE(joined.has_value());
  EXPECT_FALSE(joined->ok());
}

TEST_F(JoinTest, WhoIsMissingIsNamed) {
  Lead(Options(3));
  ASSERT_TRUE(Join(Hire("w0"), 0).ok());
  ASSERT_TRUE(Join(Hire("w2"), 2).ok());
  const absl::Status status = leader_->AwaitComplete(absl::Seconds(5));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("2 of 3"));
  EXPECT_THAT(status.message(), HasSubstr("missing ranks 1"));
}

TEST_F(JoinTest, WhatIsWrongWithARankIsSaidAndHarmsNobody) {
  Lead(Options(2));
  EXPECT_TRUE(absl::IsOutOfRange(Join(Hire("far"), 7)));
  ASSERT_TRUE(Join(Hire("w0"), 0).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Join(Hire("same"), 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(Join(Hire("none"))));
  WorkerOptions other;
  other.rank = 1;
  other.cohort = "another";
  EXPECT_TRUE(absl::IsFailedPrecondition(Join(Hire("other"), other)));
  ASSERT_TRUE(Join(Hire("w1"), 1).ok());
  EXPECT_TRUE(leader_->AwaitComplete(absl::Seconds(1)).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Join(Hire("late"), 1)));
}

TEST_F(JoinTest, MoreWorkersThanPlacesAreRefused) {
  Lead(Options(1));
  ASSERT_TRUE(Join(Hire("w0")).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Join(Hire("w1"))));
}

TEST_F(JoinTest, ARestartedWorkerTakesItsRankBackAtOnce) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  const std::uint64_t before = leader_->view()->epoch;
  world_.Kill("w1");
  // Nothing has been noticed yet.
  ASSERT_TRUE(Join(Hire("w1"), 1).ok());
  EXPECT_EQ(phase(), State::RUNNING);
  EXPECT_GT(leader_->view()->epoch, before + 1);
  EXPECT_TRUE(Map().Await().ok());
}

TEST_F(JoinTest, OneThatHangsLosesItsRankToWhoAsksForIt) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  world_.Pause("w1");
  ASSERT_TRUE(Join(Hire("spare"), 1).ok());
  EXPECT_EQ(leader_->view()->Find(1)->peer.name, "spare");
  EXPECT_TRUE(Map().Await().ok());
}

TEST_F(JoinTest, OneThatWasReplacedIsToldAndRefused) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  world_.Pause("w1");
  ASSERT_TRUE(Join(Hire("spare"), 1).ok());
  world_.Resume("w1");
  const absl::Status status = At(1).worker->AwaitEnd();
  EXPECT_FALSE(status.ok()) << status;
  EXPECT_EQ(At(1).worker->Barrier("b", absl::Seconds(1)).Await().code(),
            absl::StatusCode::kFailedPrecondition);
  const auto description = leader_->Describe().Await();
  EXPECT_GT(description.counters().at("stale_refused"), 0);
}

TEST_F(JoinTest, AJoinFromAnOldEpochOrOfAnotherLeadersCohortIsRefused) {
  Form(Options(2, FailurePolicy::kContinueDegraded));
  v1::JoinRequest request;
  *request.mutable_cohort() = At(1).worker->state().cohort();
  request.set_rank(1);
  ASSERT_TRUE(At(1).worker->Leave().Await().ok());
  ASSERT_TRUE(Join(Hire("next"), 1).ok());
  const auto join = [&] {
    return At(1)
        .manager->client()
        .Call(v1::CohortAm::kJoin, leading_->instance_id(), request, {})
        .Await()
        .status();
  };
  EXPECT_TRUE(absl::IsAborted(join())) << join();
  request.mutable_cohort()->set_id(7);
  EXPECT_TRUE(absl::IsFailedPrecondition(join())) << join();
  EXPECT_EQ(leader_->view()->Find(1)->peer.name, "next");
  EXPECT_TRUE(Map().Await().ok());
}

TEST_F(JoinTest, LeavingFreesTheRank) {
  Form(Options(2));
  ASSERT_TRUE(At(1).worker->Leave().Await().ok());
  EXPECT_EQ(phase(), State::DEGRADED);
  EXPECT_EQ(leader_->view()->Find(1)->state, MemberState::kLeft);
  EXPECT_TRUE(At(1).worker->AwaitEnd().ok());
  ASSERT_TRUE(Join(Hire("next"), 1).ok());
  EXPECT_EQ(phase(), State::RUNNING);
}

TEST_F(JoinTest, EveryEpochIsHeardInOrder) {
  std::vector<std::uint64_t> epochs;
  CohortOptions options = Options(3);
  options.on_change = [&](const View& view) { epochs.push_back(view.epoch); };
  Form(options);
  EXPECT_THAT(epochs, ElementsAre(1, 2, 3));
  leader_.reset();
}

TEST_F(JoinTest, WithoutRanksTheOrderOfJoiningCounts) {
  Lead(Options(3));
  for (const char* const name : {"c", "a", "b"}) {
    ASSERT_TRUE(Join(Hire(name)).ok());
  }
  EXPECT_EQ(leader_->view()->Find(0)->peer.name, "c");
  EXPECT_EQ(Map().Await().Values()->at(2).trace(), "2 ");
}

TEST_F(JoinTest, OneManagerLeadsOneCohort) {
  Lead(Options(1));
  EXPECT_TRUE(
      absl::IsAlreadyExists(Leader::Make(*leading_, Options(1)).status()));
  leader_.reset();
  EXPECT_TRUE(Leader::Make(*leading_, Options(1)).ok());
}

TEST_F(JoinTest, OptionsAreChecked) {
  leading_ = world_.MakeManager("leader", {});
  EXPECT_TRUE(absl::IsInvalidArgument(Leader::Make(*leading_, {}).status()));
}

}  // namespace
}  // namespace am::cohort
