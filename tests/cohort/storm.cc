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
constexpr absl::Duration kForms = absl::Seconds(5);  // at the most
constexpr absl::Duration kMostWork = absl::Milliseconds(1500);

// What one worker did.
struct Hand {
  explicit Hand(int its_rank) : rank(its_rank) {}

  // What its coroutines note while the manager ends must be there still.
  ~Hand() {
    worker.reset();
    manager.reset();
  }

  const int rank;
  std::unique_ptr<Manager> manager = nullptr;
  std::unique_ptr<Worker> worker = nullptr;
  absl::Status joined = absl::UnavailableError("it still tries");
  int runs = 0;
};

class StormWorld {
 public:
  explicit StormWorld(const StormOptions& options)
      : dice_(options.seed),
        world_(options.seed, Faults()),
        workers_(options.workers) {}

  StormResult Run();

 private:
  transport::FaultOptions Faults();
  bool Form();
  void Begin(int rank);
  static Task<void> Join(Hand& hand);
  Task<absl::StatusOr<test::Result>> Do(Context& context, Hand& hand,
                                        const test::Task& task);
  void BefallFault();
  void Kill(int rank);
  void Judge(const Outcomes<test::Result>& outcomes);
  void Violate(const RankResult<test::Result>& result, const char* what);

  int Below(int bound) {
    return static_cast<int>(dice_() % static_cast<std::uint64_t>(bound));
  }

  std::mt19937_64 dice_;
  SimulatedWorld world_;
  std::unique_ptr<Manager> leading_;
  std::unique_ptr<Leader> leader_;
  const int workers_;
  // By rank; then those who came for one that was killed.
  std::vector<std::unique_ptr<Hand>> hands_;
  StormResult result_;
};

transport::FaultOptions StormWorld::Faults() {
  transport::FaultOptions faults;
  faults.drop = 0.005;
  faults.duplicate = 0.005;
  faults.delay = 0.05;
  faults.reorder = 0.05;
  faults.delay_max = absl::Milliseconds(200);
  faults.from = absl::UnixEpoch() + kForms;
  return faults;
}

void StormWorld::Begin(int rank) {
  Hand& hand = *hands_.emplace_back(std::make_unique<Hand>(rank));
  hand.manager = world_.MakeManager(absl::StrCat("w", rank), {});
  hand.manager
      ->Register(test::WorkAm::kDo,
                 [this, &hand](Context& context, const test::Task& task) {
                   return Do(context, hand, task);
                 })
      .IgnoreError();
  StartTask(Join(hand));
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
  options.size = CohortSize::Fixed(workers_);
  options.failure_policy = FailurePolicy::kContinueDegraded;
  leader_ = *Leader::Make(*leading_, options);
  for (int rank = 0; rank < workers_; ++rank) Begin(rank);
  const bool is_complete = leader_->AwaitComplete(kForms).ok();
  world_.Run(absl::UnixEpoch() + kForms - world_.clock().Now());
  return is_complete;
}

// Whose connection is lost meanwhile comes again.
Task<void> StormWorld::Join(Hand& hand) {
  WorkerOptions options;
  options.leader = "inproc://leader";
  options.rank = hand.rank;
  options.leader_loss = LeaderLossPolicy::kAwaitReturn;
  absl::StatusOr<std::unique_ptr<Worker>> joined =
      co_await Worker::JoinTask(*hand.manager, options);
  hand.joined = joined.status();
  if (joined.ok() && hand.manager) hand.worker = *std::move(joined);
}

void StormWorld::BefallFault() {
  const int rank = Below(workers_);
  const std::string name = absl::StrCat("w", rank);
  switch (Below(5)) {
    case 0:
      return world_.Pause(name);
    case 1:
      return Kill(rank);
    case 2:
      return world_.Cut("leader", name, CutKind::kSilent);
    case 3:
      return world_.Cut("leader", name, CutKind::kLoud);
    default:
      return world_.CutOneWay(name, "leader", CutKind::kSilent);
  }
}

// Every other one has a successor, which joins while the map is under way.
void StormWorld::Kill(int rank) {
  world_.Kill(absl::StrCat("w", rank));
  if (Below(2) == 0) Begin(rank);
}

StormResult StormWorld::Run() {
  if (!Form()) {
    for (const auto& hand : hands_) {
      if (hand->joined.ok()) continue;
      result_.violations.push_back(absl::StrCat(
          "rank ", hand->rank, " did not join: ", hand->joined.ToString()));
    }
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
  if (outcomes.size() != static_cast<std::size_t>(workers_)) {
    result_.violations.push_back("not all ranks have an outcome");
    return;
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const RankResult<test::Result>& result = outcomes[i];
    const Hand& hand = *hands_[i];
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
  for (std::size_t i = outcomes.size(); i < hands_.size(); ++i) {
    if (hands_[i]->runs == 0) continue;
    Violate(outcomes[static_cast<std::size_t>(hands_[i]->rank)],
            "the next one ran what was meant for the one before");
  }
}

}  // namespace

StormResult Storm(const StormOptions& options) {
  return StormWorld(options).Run();
}

}  // namespace am::cohort
