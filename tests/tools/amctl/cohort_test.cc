// What amctl tells of a cohort.
#include "am/cohort/cohort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CohortCommandTest : public FleetTest {
 protected:
  ~CohortCommandTest() override {
    release_.Set();
    toil_.reset();
  }

  static std::unique_ptr<cohort::Leader> Lead(Manager& manager) {
    cohort::CohortOptions options;
    options.name = "crew";
    options.size = cohort::CohortSize::Fixed(1);
    auto leader = cohort::Leader::Make(manager, std::move(options));
    EXPECT_TRUE(leader.ok()) << leader.status();
    return *std::move(leader);
  }

  // alice leads bob, as the registry knows before long.
  void Form() {
    Manager& alice = *members_["alice"].manager;
    leader_ = Lead(alice);
    auto worker =
        cohort::Worker::Join(*members_["bob"].manager,
                             {.leader = alice.addresses().front().ToString()});
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = *std::move(worker);
    EXPECT_TRUE(PrintsAtLast({"cohort"}, [](const std::string& out) {
      return absl::StrContains(out, "running");
    }));
  }

  // bob toils until the end.
  void Toil() {
    const auto toil = [this](Context&, const std::string&) {
      release_.Await();
      return absl::OkStatus();
    };
    ASSERT_TRUE(members_["bob"].manager->RegisterAck("toil", toil).ok());
    toil_ = leader_->BroadcastAcks(cohort::NamedAck<>("toil"), std::string());
  }

  std::unique_ptr<cohort::Leader> leader_;
  std::unique_ptr<cohort::Worker> worker_;
  std::optional<cohort::Operation<void>> toil_;
};

TEST_F(CohortCommandTest, ACohortIsShownRankByRank) {
  Form();
  const Outcome outcome = Amctl({"cohort"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      AllOf(
          StartsWith("cohort \"crew\" is running, with 1 ranks, as of epoch "),
          HasSubstr("led by     " + IdOf("alice")),
          ContainsRegex("\n0 +bob +" + IdOf("bob") + " +active .* ago ")));
}

TEST_F(CohortCommandTest, WhomItWaitsForIsShownAndInWhichHandlerThatIs) {
  Form();
  Toil();
  EXPECT_TRUE(PrintsAtLast({"cohort", "ali"}, [](const std::string& out) {
    return absl::StrContains(out, "am.v1.Handlers/toil for ");
  }));
  EXPECT_THAT(Amctl({"cohort"}).out,
              ContainsRegex("OPERATION .*\nam.v1.Handlers/toil +0 +[0-9]"));
  EXPECT_THAT(
      Amctl({"cohort", "--json"}).out,
      AllOf(HasSubstr("\"handler\": \"am.v1.Handlers/toil\", "
                      "\"awaited_ranks\": [0], \"running_ms\": "),
            HasSubstr("\"running\": [{\"handler\": \"am.v1.Handlers/toil\", "
                      "\"invocations\": 1, \"busy_ms\": ")));
}

TEST_F(CohortCommandTest, ItsJsonHasEverything) {
  Form();
  EXPECT_THAT(
      Amctl({"cohort", "--json"}).out,
      AllOf(StartsWith(absl::StrCat("{\"cohort\": \"crew\", \"leader\": \"",
                                    IdOf("alice"), "\", \"epoch\": ")),
            HasSubstr("\"phase\": \"running\", \"size\": 1"),
            HasSubstr("{\"rank\": 0, \"state\": \"active\", \"worker\": "
                      "{\"id\": \"" +
                      IdOf("bob")),
            HasSubstr("\"last_heard_ms\": "), HasSubstr("\"straggler_score\""),
            HasSubstr("\"stale_refused\": 0")));
}

TEST_F(CohortCommandTest, WhoLeadsNoneIsNotFound) {
  Outcome outcome = Amctl({"cohort"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("nobody leads a cohort"));
  outcome = Amctl({"cohort", "bob", "--json"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("{\"error\": {\"code\": \"NOT_FOUND\""),
                    HasSubstr(") leads no cohort")));
}

TEST_F(CohortCommandTest, OfSeveralCohortsItAsksWhose) {
  Form();
  const auto other = Lead(*members_["bob"].manager);
  EXPECT_TRUE(PrintsAtLast(
      {"instances", "--handler", "am.v1.Cohort/DescribeCohort"},
      [](const std::string& out) { return absl::StrContains(out, "bob"); }));
  const Outcome outcome = Amctl({"cohort"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("alice"), HasSubstr("bob"), HasSubstr("lead")));
  EXPECT_EQ(Amctl({"cohort", "bob"}).code, 0);
}

TEST_F(CohortCommandTest, ItIsCompletedAndHasHelp) {
  EXPECT_EQ(Run({"__complete", "amctl coh"}).out, "cohort\n");
  EXPECT_THAT(Run({"cohort", "--help"}).out, HasSubstr("SLOWNESS"));
}

}  // namespace
}  // namespace am::amctl
