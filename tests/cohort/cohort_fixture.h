// A cohort in a simulated world: "leader", "w0", "w1", ..., and short words for
// what befalls them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/cohort/cohort.h"
#include "am/message_builder.h"
#include "am/simulation/simulated_world.h"
#include "tests/cohort/work.am.h"

namespace am::cohort {

using State = v1::CohortState;

// Does work at a worker, and can be told to behave badly.
class Workshop final : public test::WorkAm::CoService {
 public:
  Task<void> Note(Context&, const test::Task& task) override {
    notes.push_back(task.number());
    co_return;
  }
  Task<absl::Status> Check(Context&, const test::Task&) override {
    co_return fails;
  }
  Task<absl::StatusOr<test::Result>> Do(Context& context,
                                        const test::Task& task) override {
    ++begun;
    if (takes > absl::ZeroDuration()) {
      co_await Promise(context.client(), takes).future();
    }
    was_cancelled |= context.cancelled();
    if (!fails.ok()) co_return fails;
    test::Result result;
    result.set_number(task.number());
    result.set_trace(absl::StrCat(rank, " "));
    co_return result;
  }
  Task<absl::StatusOr<test::Result>> DoAlone(Context& context,
                                             const test::Task& task) override {
    return Do(context, task);
  }
  Task<absl::StatusOr<test::Result>> Add(
      Context&, const test::Results& results) override {
    ++additions;
    test::Result sum;
    for (const test::Result& one : results.results()) {
      sum.set_number(sum.number() + one.number());
      sum.set_trace(sum.trace() + one.trace());
    }
    co_return sum;
  }
  Task<absl::Status> Keep(Context&, const test::Result& result) override {
    kept = result.number();
    co_return absl::OkStatus();
  }

  int rank = -1;
  absl::Status fails;
  absl::Duration takes;
  int begun = 0;
  int additions = 0;
  bool was_cancelled = false;
  std::vector<std::int64_t> notes;
  std::int64_t kept = 0;
};

// One worker process.
struct Hand {
  std::string name;
  std::unique_ptr<Workshop> workshop = std::make_unique<Workshop>();
  std::unique_ptr<Manager> manager;
  std::unique_ptr<Worker> worker;
};

class CohortTest : public testing::Test {
 protected:
  explicit CohortTest(std::uint64_t seed = 1,
                      const transport::FaultOptions& faults = {})
      : world_(seed, faults) {}

  ~CohortTest() override {
    hands_.clear();
    leader_.reset();
  }

  // The options of cohorts of tests: times that a simulation passes quickly.
  static CohortOptions Options(
      int workers, FailurePolicy policy = FailurePolicy::kTerminateAll) {
    CohortOptions options;
    options.size = CohortSize::Fixed(workers);
    options.failure_policy = policy;
    options.heartbeat_interval = absl::Seconds(5);
    options.heartbeat_timeout = absl::Seconds(20);
    options.shutdown_timeout = absl::Seconds(10);
    options.replacement_timeout = absl::Seconds(30);
    return options;
  }

  void Lead(CohortOptions options) {
    leading_ = world_.MakeManager("leader", {});
    ASSERT_TRUE(leading_->Register(reducer_).ok());
    absl::StatusOr<std::unique_ptr<Leader>> leader =
        Leader::Make(*leading_, std::move(options));
    ASSERT_TRUE(leader.ok()) << leader.status();
    leader_ = *std::move(leader);
  }

  // A process that may join.
  Hand& Hire(const std::string& name) {
    Hand& hand = *hands_.emplace_back(std::make_unique<Hand>());
    hand.name = name;
    hand.manager = world_.MakeManager(name, {});
    EXPECT_TRUE(hand.manager->Register(*hand.workshop).ok());
    return hand;
  }
  absl::Status Join(Hand& hand, WorkerOptions options = {}) {
    if (options.leader.empty()) options.leader = "inproc://leader";
    absl::StatusOr<std::unique_ptr<Worker>> worker =
        Worker::Join(*hand.manager, std::move(options));
    if (!worker.ok()) return worker.status();
    hand.worker = *std::move(worker);
    hand.workshop->rank = hand.worker->rank();
    return absl::OkStatus();
  }
  absl::Status Join(Hand& hand, int rank) {
    WorkerOptions options;
    options.rank = rank;
    return Join(hand, options);
  }

  // A leader and `workers`, with ranks, all joined.
  void Form(CohortOptions options) {
    const int workers = options.size.max;
    Lead(std::move(options));
    for (int rank = 0; rank < workers; ++rank) {
      ASSERT_TRUE(Join(Hire(absl::StrCat("w", rank)), rank).ok());
    }
    ASSERT_TRUE(leader_->AwaitComplete(absl::Seconds(10)).ok());
    world_.Run(absl::Milliseconds(10));
  }

  Hand& At(int rank) { return *hands_[static_cast<std::size_t>(rank)]; }
  Workshop& ShopAt(int rank) { return *At(rank).workshop; }

  Phase phase() const { return leader_->view()->phase; }
  bool RunUntil(Phase wanted, absl::Duration limit = absl::Seconds(60)) {
    return world_.RunUntil([&] { return phase() == wanted; }, limit);
  }

  // Each rank's number is its rank.
  Operation<test::Result> Map(const OperationOptions& options = {}) {
    return leader_->ParMap(test::WorkAm::kDo, &TaskOf, options);
  }
  static test::Task TaskOf(int rank) {
    test::Task task;
    task.set_number(rank);
    return task;
  }

  template <typename T>
  static std::vector<Outcome> Kinds(const Outcomes<T>& outcomes) {
    std::vector<Outcome> kinds;
    for (const auto& result : outcomes) kinds.push_back(result.outcome);
    return kinds;
  }

  SimulatedWorld world_;
  Workshop reducer_;
  std::unique_ptr<Manager> leading_;
  std::unique_ptr<Leader> leader_;
  std::vector<std::unique_ptr<Hand>> hands_;
};

}  // namespace am::cohort
