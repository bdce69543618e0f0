// A leader, asked over gRPC whom it waits for: by a client of ours, and by
// grpcurl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/cohort/cohort.h"
#include "am/control/control_server.h"
#include "am/control/grpc_caller.h"
#include "am/control/remote_schema.h"
#include "tests/am/control/tools.h"
#include "tests/am/event.h"

namespace am::cohort {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kDescribe[] = "am.v1.Cohort/DescribeCohort";

// Of two ranks, of which 1 hangs in "toil" until the end.
class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    leading_ = *Manager::Make({.name = "leader"});
    server_ = *control::ControlServer::Make(*leading_);
    leader_ = *Leader::Make(*leading_, {.size = CohortSize::Fixed(2)});
    for (int rank = 0; rank < 2; ++rank) Hire(rank);
    toil_ = leader_->BroadcastAcks(NamedAck<>("toil"), std::string(),
                                   {.ranks = Ranks::One(1)});
    ASSERT_TRUE(begun_.Await());
  }
  void TearDown() override {
    release_.Set();
    EXPECT_TRUE(toil_->Await().ok());
  }

  void Hire(int rank) {
    managers_.push_back(*Manager::Make({.name = absl::StrCat("w", rank)}));
    const auto toil = [this](Context&, const std::string&) {
      begun_.Set();
      release_.Await();
      return absl::OkStatus();
    };
    ASSERT_TRUE(managers_.back()->RegisterAck("toil", toil).ok());
    WorkerOptions options;
    options.leader = leading_->addresses().front().ToString();
    options.rank = rank;
    auto worker = Worker::Join(*managers_.back(), options);
    ASSERT_TRUE(worker.ok()) << worker.status();
    workers_.push_back(*std::move(worker));
  }

  Event begun_, release_;
  std::unique_ptr<Manager> leading_;
  std::unique_ptr<control::ControlServer> server_;
  std::vector<std::unique_ptr<Manager>> managers_;
  std::unique_ptr<Leader> leader_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Operation<void>> toil_;
};

TEST_F(ControlTest, AClientSeesWhoHoldsItUp) {
  const auto caller = *control::GrpcCaller::Make(server_->address());
  const auto answer = caller->Call(kDescribe, "", {});
  v1::CohortDescription cohort;
  ASSERT_TRUE(answer.ok() && cohort.ParseFromString(*answer))
      << answer.status();
  ASSERT_EQ(cohort.operations_size(), 1);
  EXPECT_EQ(cohort.operations(0).handler(), "am.v1.Handlers/toil");
  EXPECT_THAT(cohort.operations(0).awaited_ranks(), ElementsAre(1));
  ASSERT_EQ(cohort.members_size(), 2);
  EXPECT_TRUE(cohort.members(1).has_last_heard());
  ASSERT_EQ(cohort.members(1).running_size(), 1);
  EXPECT_EQ(cohort.members(1).running(0).name(), "am.v1.Handlers/toil");
}

TEST_F(ControlTest, AClientCanLearnOfItByReflection) {
  const auto caller = *control::GrpcCaller::Make(server_->address());
  control::RemoteSchema schema(*caller, {});
  EXPECT_THAT(*schema.Services(), Contains("am.v1.Cohort"));
  const auto method = schema.FindMethod(kDescribe);
  ASSERT_TRUE(method.ok()) << method.status();
  EXPECT_EQ((*method)->output_type()->full_name(), "am.v1.CohortDescription");
}

// Both the current one and the last that knows v1alpha only.
class GrpcurlTest : public ControlTest,
                    public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    SKIP_UNLESS_INSTALLED(GetParam());
    ControlTest::SetUp();
  }
  void TearDown() override {
    if (!IsSkipped()) ControlTest::TearDown();
  }

  std::string Grpcurl(const std::string& words) {
    return control::Output(absl::StrCat(GetParam(), " -plaintext ",
                                        server_->address(), " ", words));
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, GrpcurlTest,
                         testing::Values("grpcurl", "grpcurl-1.8.6"),
                         [](const auto& version) {
                           return version.index == 0 ? "Current" : "Old";
                         });

TEST_P(GrpcurlTest, ListsAndDescribesTheService) {
  EXPECT_THAT(Grpcurl("list"), HasSubstr("am.v1.Cohort\n"));
  EXPECT_THAT(Grpcurl("describe am.v1.Cohort"),
              HasSubstr("rpc DescribeCohort ( .am.v1.DescribeCohortRequest )"));
}

TEST_P(GrpcurlTest, SeesWhoHoldsItUp) {
  EXPECT_THAT(Grpcurl(kDescribe),
              AllOf(HasSubstr("\"awaited_ranks\": [\n        1\n"),
                    HasSubstr("\"handler\": \"am.v1.Handlers/toil\""),
                    HasSubstr("\"name\": \"am.v1.Handlers/toil\""),
                    HasSubstr("\"last_heard\"")));
}

}  // namespace
}  // namespace am::cohort
