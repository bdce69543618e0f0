// Hundreds of workers.
#include "tests/cohort/cohort_fixture.h"

namespace am::cohort {
namespace {

class ManyTest : public CohortTest {
 protected:
  static Task<void> JoinHand(Hand& hand, int rank, int& joined) {
    WorkerOptions options;
    options.leader = "inproc://leader";
    options.rank = rank;
    absl::StatusOr<std::unique_ptr<Worker>> worker =
        co_await Worker::JoinTask(*hand.manager, options);
    if (!worker.ok()) co_return;
    hand.worker = *std::move(worker);
    hand.workshop->rank = rank;
    ++joined;
  }

  void FormAtOnce(int workers) {
    Lead(Options(workers));
    int joined = 0;
    for (int rank = 0; rank < workers; ++rank) {
      StartTask(JoinHand(Hire(absl::StrCat("w", rank)), rank, joined));
    }
    EXPECT_TRUE(leader_->AwaitComplete(absl::Seconds(10)).ok());
    EXPECT_TRUE(
        world_.RunUntil([&] { return joined == workers; }, absl::Seconds(10)));
  }
};

TEST_F(ManyTest, AllJoinAtOnceAndAreMapped) {
  FormAtOnce(256);
  EXPECT_EQ(leader_->view()->epoch, 256);
  EXPECT_EQ(Map().Await().Count(Outcome::kOk), 256);
}

TEST_F(ManyTest, AllAreReducedInATree) {
  FormAtOnce(256);
  const auto reduced =
      leader_->Reduce(test::WorkAm::kDo, TaskOf(1), test::WorkAm::kAdd).Await();
  ASSERT_TRUE(reduced.value.ok()) << reduced.value.status();
  EXPECT_EQ(reduced.value->number(), 256);
}

}  // namespace
}  // namespace am::cohort
