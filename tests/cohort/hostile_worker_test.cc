// A worker that speaks the protocol by hand, and badly: counted, harmless.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "am/cohort/leader.h"
#include "am/refusals.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"
#include "tests/cohort/work.am.h"

namespace am::cohort {
namespace {

class HostileWorkerTest : public testing::Test {
 protected:
  // mallory is rank 0, and the only one.
  void SetUp() override {
    auto leader = Leader::Make(*manager_, {.size = CohortSize::Fixed(1)});
    ASSERT_TRUE(leader.ok()) << leader.status();
    leader_ = *std::move(leader);
    ASSERT_TRUE(mallory_.Join());
    MessageHeader join = CallOf("am.v1.Cohort/Join");
    join.codec = Codec::kProtobuf;
    mallory_.Send(join, v1::JoinRequest().SerializeAsString());
    ASSERT_TRUE(mallory_.Await(MessageKind::kReply).has_value());
    ASSERT_TRUE(leader_->AwaitComplete(absl::Seconds(10)).ok());
  }

  Operation<test::Result> Map() {
    return leader_->ParMap(test::WorkAm::kDo, [](int) { return test::Task(); });
  }

  // Answers the call that has come, or one that came before.
  void Answer(std::uint64_t call_id, absl::string_view bytes) {
    MessageHeader reply;
    reply.kind = MessageKind::kReply;
    reply.call_id = call_id;
    reply.codec = Codec::kProtobuf;
    mallory_.Send(reply, bytes);
  }
  std::uint64_t AwaitCall() {
    const auto call = mallory_.Await(MessageKind::kCall);
    EXPECT_TRUE(call.has_value());
    return call.has_value() ? call->header.call_id : 0;
  }
  static std::string ResultOf(int number) {
    test::Result result;
    result.set_number(number);
    return result.SerializeAsString();
  }

  World world_{Carrier::kInProcess};
  const std::unique_ptr<Manager> manager_ = world_.MakeManager();
  Stranger mallory_{world_, *manager_};
  std::unique_ptr<Leader> leader_;
};

TEST_F(HostileWorkerTest, ASecondAnswerIsCountedAndHarmless) {
  Operation<test::Result> map = Map();
  const std::uint64_t call_id = AwaitCall();
  Answer(call_id, ResultOf(1));
  Answer(call_id, ResultOf(2));
  const Outcomes<test::Result> outcomes = map.Await();
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ(outcomes[0].value->number(), 1);
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(manager_->node().refusals().of(Refusal::kLateReply), 1u);
}

TEST_F(HostileWorkerTest, NorDoesAnOldAnswerEndTheNextOperation) {
  Operation<test::Result> first = Map();
  const std::uint64_t first_id = AwaitCall();
  Answer(first_id, ResultOf(1));
  EXPECT_TRUE(first.Await().ok());
  Operation<test::Result> second = Map();
  const std::uint64_t second_id = AwaitCall();
  Answer(first_id, ResultOf(1));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_FALSE(second.ready());
  Answer(second_id, ResultOf(2));
  EXPECT_EQ(second.Await()[0].value->number(), 2);
}

TEST_F(HostileWorkerTest, AnAnswerThatDoesNotDecodeIsItsRanksFailure) {
  Operation<test::Result> map = Map();
  Answer(AwaitCall(), "\xff\xff");
  const Outcomes<test::Result> outcomes = map.Await();
  EXPECT_EQ(outcomes[0].outcome, Outcome::kHandlerError);
  EXPECT_FALSE(outcomes[0].status().ok());
}

}  // namespace
}  // namespace am::cohort
