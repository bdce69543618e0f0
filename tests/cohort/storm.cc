#include "tests/cohort/storm.h"

#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/cohort.h"
#include "tests/cohort/work.am.h"

namespace am::cohort {
namespace {

using transport::CutKind;

// The operation's; whatever is under way by then has its outcome.
constexpr absl::Duration kTimeout = absl::Seconds(6);
constexpr absl::Duration kMostWork = absl::Milliseconds(1500);

// What one worker did.
struct Hand {
  std::unique_ptr<Manager> manager;
  std::unique_ptr<Worker> worker;
  int runs = 0;
  bool killed = false;
};

class StormWorld {
 public:
  explicit StormWorld(const StormOptions& options)
      : dice_(options.seed),
        world_(options.seed, Faults()),
        hands_(static_cast<std::size_t>(options.workers)) {}

  StormResult Run();

 private:
  transport::FaultOptions Faults();
  bool Form();
  void Begin(int rank);
  static Task<void> Join(Hand& hand, int rank);
  Task<absl::StatusOr<test::Result>> Do(Context& context, Hand& hand,
                                        const test::Task& task);
  void BefallFault();
  void Judge(const Outcomes<test::Result>& outcomes);
  void Violate(const RankResult<test::Result>& result, const char* what);

  int Below(int bound) {
    return static_cast<int>(dice_() % static_cast<std::uint64_t>(bound));
  }
  std::string RandomName() {
    return absl::StrCat("w", Below(static_cast<int>(hands_.size())));
  }

  std::mt19937_64 dice_;
  SimulatedWorld world_;
  std::unique_ptr<Manager> leading_;
  std::unique_ptr<Leader> leader_;
  std::vector<Hand> hands_;
  StormResult result_;
};

transport::FaultOptions StormWorld::Faults() {
  transport::FaultOptions faults;
  faults.drop = 0.005;
  faults.duplicate = 0.005;
  faults.delay = 0.05;
  faults.reorder = 0.05;
  faults.delay_max = absl::Milliseconds(200);
  return faults;
}

void StormWorld::Begin(int rank) {
  Hand& hand = hands_[static_cast<std::size_t>(rank)];
  hand.manager = world_.MakeManager(absl::StrCat("w", rank), {});
  hand.manager
      ->Register(test::WorkAm::kDo,
                 [this, &hand](Context& context, const test::Task& task) {
                   return Do(context, hand, task);
                 })
      .IgnoreError();
}

Task<absl::StatusOr<test::Result>> StormWorld::Do(Context& context, Hand& hand,
                                                  const test::Task& task) {
  ++hand.runs;
  const Promise work(context.client(), kMostWork * (task.number() % 8) / 8);
  (co_await work.future()).IgnoreError();
  test::Result result;
  result.set_number(2 * task.number());
  co_return result;
}

bool StormWorld::Form() {
  leading_ = world_.MakeManager("leader", {});
  CohortOptions options;
  options.size = CohortSize::Fixed(static_cast<int>(hands_.size()));
  options.failure_policy = FailurePolicy::kContinueDegraded;
  leader_ = *Leader::Make(*leading_, options);
  for (std::size_t i = 0; i < hands_.size(); ++i) {
    Begin(static_cast<int>(i));
    StartTask(Join(hands_[i], static_cast<int>(i)));
  }
  return leader_->AwaitComplete(absl::Minutes(5)).ok();
}

// Whose connection is lost meanwhile comes again.
Task<void> StormWorld::Join(Hand& hand, int rank) {
  WorkerOptions options;
  options.leader = "inproc://leader";
  options.rank = rank;
  options.leader_loss = LeaderLossPolicy::kAwaitReturn;
  absl::StatusOr<std::unique_ptr<Worker>> joined =
      co_await Worker::JoinTask(*hand.manager, options);
  if (joined.ok()) hand.worker = *std::move(joined);
}

void StormWorld::BefallFault() {
  const std::string name = RandomName();
  switch (Below(5)) {
    case 0:
      return world_.Pause(name);
    case 1:
      hands_[static_cast<std::size_t>(std::stoi(name.substr(1)))].killed = true;
      return world_.Kill(name);
    case 2:
      return world_.Cut("leader", name, CutKind::kSilent);
    case 3:
      return world_.Cut("leader", name, CutKind::kLoud);
    default:
      return world_.CutOneWay(name, "leader", CutKind::kSilent);
  }
}

StormResult StormWorld::Run() {
  if (!Form()) {
    result_.violations.push_back("not all have joined");
    return std::move(result_);
  }
  const absl::Time begin = world_.clock().Now();
  Operation<test::Result> map = leader_->ParMap(test::WorkAm::kDo,
                                                [](int rank) {
                                                  test::Task task;
                                                  task.set_number(rank);
                                                  return task;
                                                },
                                                {.timeout = kTimeout});
  for (int i = 0; i < 12; ++i) {
    world_.Run(absl::Milliseconds(Below(300)));
    BefallFault();
  }
  const Outcomes<test::Result> outcomes = map.Await();
  if (world_.clock().Now() - begin > kTimeout + absl::Milliseconds(100)) {
    result_.violations.push_back("it took longer than it may");
  }
  Judge(outcomes);
  result_.faults = world_.fault_counts();
  return std::move(result_);
}

void StormWorld::Violate(const RankResult<test::Result>& result,
                         const char* what) {
  result_.violations.push_back(absl::StrCat(
      "rank ", result.rank, " (", OutcomeName(result.outcome), "): ", what));
}

void StormWorld::Judge(const Outcomes<test::Result>& outcomes) {
  if (outcomes.size() != hands_.size()) {
    result_.violations.push_back("not all ranks have an outcome");
    return;
  }
  for (std::size_t i = 0; i < hands_.size(); ++i) {
    const RankResult<test::Result>& result = outcomes[i];
    const Hand& hand = hands_[i];
    ++result_.outcomes[OutcomeName(result.outcome)];
    if (result.rank != static_cast<int>(i)) Violate(result, "out of order");
    if (hand.runs > 1) Violate(result, "it ran twice");
    if (result.ok() && hand.runs != 1) Violate(result, "it did not run");
    if (result.ok() && result.value->number() != 2 * result.rank) {
      Violate(result, "another one's value");
    }
    if (result.outcome == Outcome::kNeverJoined ||
        result.outcome == Outcome::kCancelled) {
      Violate(result, "that did not happen");
    }
  }
}

}  // namespace

StormResult Storm(const StormOptions& options) {
  return StormWorld(options).Run();
}

}  // namespace am::cohort
