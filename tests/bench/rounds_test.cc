#include "bench/rounds.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace am::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Fails where its name says; notes its turns.
class FakeContestant final : public Contestant {
 public:
  explicit FakeContestant(std::string name) : name_(std::move(name)) {}

  absl::string_view name() const override { return name_; }

  absl::StatusOr<std::unique_ptr<Server>> Serve(const Setting&) override {
    if (name_ == "fails_to_serve") return absl::UnavailableError("serve");
    return std::make_unique<FakeServer>();
  }

  absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting&, const std::string& address) override {
    turns.push_back(name_);
    if (address != "here") return absl::UnavailableError(address);
    return std::make_unique<FakeCaller>(name_ == "fails_to_call");
  }

  static std::vector<std::string> turns;

 private:
  class FakeServer final : public Server {
   public:
    std::string address() const override { return "here"; }
  };

  class FakeCaller final : public Caller {
   public:
    explicit FakeCaller(bool fails) : fails_(fails) {}
    absl::Status Run(Recorder& recorder) override {
      while (!recorder.enough()) recorder.End(recorder.Begin());
      return fails_ ? absl::DataLossError("call") : absl::OkStatus();
    }

    std::vector<Metric> Metrics() const override { return {{"fake", 7}}; }

   private:
    const bool fails_;
  };

  const std::string name_;
};

std::vector<std::string> FakeContestant::turns;

Contestants Named(const std::vector<std::string>& names) {
  Contestants contestants;
  for (const std::string& name : names) {
    contestants.push_back(std::make_unique<FakeContestant>(name));
  }
  return contestants;
}

Outcomes RunNamed(int rounds, const std::vector<std::string>& names) {
  FakeContestant::turns.clear();
  Schedule schedule = {.rounds = rounds, .load = {absl::Seconds(1), 3}};
  return RunRounds(Named(names), {.scheme = "ipc"}, schedule);
}

TEST(Rounds, ContestantsTakeTurnsAndTheFirstTurn) {
  RunNamed(2, {"a", "b", "c"});
  EXPECT_THAT(FakeContestant::turns, ElementsAre("a", "b", "c", "b", "c", "a"));
}

TEST(Rounds, OnlyThoseNamedTakePart) {
  FakeContestant::turns.clear();
  Schedule schedule = {
      .rounds = 1, .load = {absl::Seconds(1), 3}, .contestants = {"c", "a"}};
  RunRounds(Named({"a", "b", "c"}), {.scheme = "ipc"}, schedule);
  EXPECT_THAT(FakeContestant::turns, ElementsAre("a", "c"));
}

TEST(Rounds, WhatACallerAddsIsInItsSample) {
  const Outcomes outcomes = RunNamed(1, {"a"});
  EXPECT_DOUBLE_EQ(outcomes.at("a").samples.at(0).Get("fake"), 7);
}

TEST(Rounds, MemoryIsMeasuredToo) {
  Schedule schedule = {
      .measure = MeasureMemoryToo, .rounds = 1, .load = {absl::Seconds(1), 3}};
  const Outcomes outcomes =
      RunRounds(Named({"a"}), {.scheme = "ipc"}, schedule);
  ASSERT_THAT(outcomes.at("a").samples, SizeIs(1));
  EXPECT_EQ(outcomes.at("a").samples[0].metrics.back().name, "server_peak_mb");
}

TEST(Rounds, EachContestantHasASampleOfEachRound) {
  const Outcomes outcomes = RunNamed(3, {"a", "b"});
  EXPECT_THAT(outcomes.at("a").samples, SizeIs(3));
  EXPECT_THAT(outcomes.at("b").samples, SizeIs(3));
}

TEST(Rounds, IdleIsMeasuredToo) {
  Schedule schedule = {.measure = MeasureIdle,
                       .rounds = 1,
                       .load = {.duration = absl::Milliseconds(1)}};
  const Outcomes outcomes =
      RunRounds(Named({"a"}), {.scheme = "ipc"}, schedule);
  ASSERT_THAT(outcomes.at("a").samples, SizeIs(1));
  EXPECT_EQ(outcomes.at("a").samples[0].metrics[0].name, "cpu_percent");
}

TEST(Rounds, AFailedCallEndsItsContestantAlone) {
  const Outcomes outcomes = RunNamed(2, {"fails_to_call", "b"});
  EXPECT_EQ(outcomes.at("fails_to_call").status.code(),
            absl::StatusCode::kDataLoss);
  EXPECT_THAT(outcomes.at("fails_to_call").samples, IsEmpty());
  EXPECT_THAT(outcomes.at("b").samples, SizeIs(2));
}

TEST(Rounds, AServerThatDoesNotStartIsAFailure) {
  const Outcomes outcomes = RunNamed(1, {"fails_to_serve"});
  EXPECT_FALSE(outcomes.at("fails_to_serve").status.ok());
}

}  // namespace
}  // namespace am::bench

// The servers are processes of this program.
int main(int argc, char** argv) {
  const am::bench::Contestants contestants =
      am::bench::Named({"a", "b", "c", "fails_to_call", "fails_to_serve"});
  if (auto code = am::bench::ServeIfAsked(argc, argv, contestants)) {
    return *code;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
