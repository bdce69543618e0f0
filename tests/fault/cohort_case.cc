// A cohort of real processes, whose workers are killed amid parallel maps.
#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "am/cohort/cohort.h"
#include "am/examples/child_process.h"
#include "am/examples/or_die.h"
#include "tests/fault/cases.h"
#include "tests/fault/fork.h"
#include "tests/fault/instance.h"

namespace am::fault {
namespace {

using cohort::Outcome;
using examples::ChildProcess;
using examples::OrDie;

constexpr int kWorkers = 4;
constexpr absl::Duration kPatience = absl::Seconds(20);

const cohort::NamedResponse<>& Twice() {
  static const auto* const twice = new cohort::NamedResponse<>("twice");
  return *twice;
}

// -- The leader's process ----------------------------------------------------

void Tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// What all maps came to.
struct Totals {
  std::uint64_t ok = 0;
  std::uint64_t lost = 0;
  std::uint64_t rejected = 0;
  std::uint64_t other = 0;
  std::uint64_t wrong = 0;  // not all ranks, or another one's value
};

void MapOnce(cohort::Leader& leader, Totals& totals) {
  const auto outcomes =
      leader
          .ParMap(Twice(), [](int rank) { return absl::StrCat(rank, ";"); },
                  {.timeout = absl::Seconds(5)})
          .Await();
  if (outcomes.size() != kWorkers) ++totals.wrong;
  int rank = 0;
  for (const auto& result : outcomes) {
    const std::string half = absl::StrCat(rank, ";");
    if (result.rank != rank) ++totals.wrong;
    if (result.ok() && *result.value != half + half) ++totals.wrong;
    totals.ok += result.ok() ? 1 : 0;
    totals.lost += result.outcome == Outcome::kLost ? 1 : 0;
    totals.rejected += result.outcome == Outcome::kRejected ? 1 : 0;
    ++rank;
  }
  totals.other += static_cast<std::uint64_t>(
      outcomes.Count(Outcome::kHandlerError) + outcomes.Count(Outcome::kLate) +
      outcomes.Count(Outcome::kNeverJoined) +
      outcomes.Count(Outcome::kCancelled));
}

int LeadUntilTerm() {
  const Signals signals;
  const auto manager = OrDie(Manager::Make({.name = "leader"}));
  cohort::CohortOptions options;
  options.size = cohort::CohortSize::Fixed(kWorkers);
  options.failure_policy = cohort::FailurePolicy::kContinueDegraded;
  options.on_change = [](const cohort::View& view) {
    if (view.phase == v1::CohortState::DEGRADED) {
      Tell(absl::StrCat("acted ", NowNs()));
    } else if (view.phase == v1::CohortState::RUNNING) {
      Tell(absl::StrCat("whole ", NowNs()));
    }
  };
  const auto leader = OrDie(cohort::Leader::Make(*manager, options));
  Tell(manager->addresses().front().ToString());
  OrDie(leader->AwaitComplete(kPatience));
  Totals totals;
  std::atomic<bool> ends = false;
  std::thread maps([&] {
    while (!ends) MapOnce(*leader, totals);
  });
  signals.ActUntilTerm({});
  ends = true;
  maps.join();
  Tell(absl::StrCat("totals ", totals.ok, " ", totals.lost, " ",
                    totals.rejected, " ", totals.other, " ", totals.wrong));
  return 0;
}

// -- A worker's process ------------------------------------------------------

int WorkUntilTerm(const std::string& leader, int rank) {
  const Signals signals;
  const auto manager =
      OrDie(Manager::Make({.name = absl::StrCat("worker-", rank)}));
  OrDie(manager->RegisterResponse(
      "twice",
      [](Context&, const std::string& in) -> absl::StatusOr<std::string> {
        return in + in;
      }));
  cohort::WorkerOptions options;
  options.leader = leader;
  options.rank = rank;
  const auto worker = OrDie(cohort::Worker::Join(*manager, options));
  signals.ActUntilTerm({});
  return 0;
}

// -- The case ----------------------------------------------------------------

class CohortScene final {
 public:
  CohortScene() : leader_(OrDie(Fork([] { return LeadUntilTerm(); }))) {
    address_ = OrDie(leader_.ReadLine(kPatience));
    for (int rank = 0; rank < kWorkers; ++rank) Start(rank);
    Await("whole");
  }

  void Start(int rank) {
    workers_.push_back(std::make_unique<ChildProcess>(
        OrDie(Fork([this, rank] { return WorkUntilTerm(address_, rank); }))));
    if (workers_.size() > kWorkers) {
      workers_[static_cast<std::size_t>(rank)] = std::move(workers_.back());
      workers_.pop_back();
    }
  }

  // Returns when, by NowNs.
  std::int64_t Kill(int rank) const {
    kill(workers_[static_cast<std::size_t>(rank)]->pid(), SIGKILL);
    return NowNs();
  }

  // Blocks until the leader says so, and returns when that was.
  std::int64_t Await(const std::string& word) {
    for (;;) {
      const std::vector<std::string> said =
          absl::StrSplit(OrDie(leader_.ReadLine(kPatience)), ' ');
      std::int64_t when = 0;
      if (said[0] == word && absl::SimpleAtoi(said[1], &when)) return when;
    }
  }

  // Ends the leader; ok, lost, rejected, other and wrong of its ranks.
  std::vector<std::uint64_t> Totals() {
    kill(leader_.pid(), SIGTERM);
    for (;;) {
      const std::vector<std::string> said =
          absl::StrSplit(OrDie(leader_.ReadLine(kPatience)), ' ');
      if (said[0] != "totals") continue;
      std::vector<std::uint64_t> totals(said.size() - 1);
      for (std::size_t i = 0; i < totals.size(); ++i) {
        if (!absl::SimpleAtoi(said[i + 1], &totals[i])) return {};
      }
      return totals;
    }
  }

 private:
  ChildProcess leader_;
  std::string address_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
};

}  // namespace

Row KillCohortWorker(int kills) {
  CohortScene scene;
  std::vector<absl::Duration> acted, whole;
  for (int i = 0; i < kills; ++i) {
    const int rank = i % kWorkers;
    const std::int64_t killed = scene.Kill(rank);
    acted.push_back(absl::Nanoseconds(scene.Await("acted") - killed));
    scene.Start(rank);
    whole.push_back(absl::Nanoseconds(scene.Await("whole") - killed));
  }
  const std::vector<std::uint64_t> totals = scene.Totals();
  Row row;
  row.name = "kill_cohort_worker";
  row.messages = totals[0] + totals[1] + totals[2] + totals[3];
  row.delivered = totals[0];
  row.AddTimes("policy acted", acted, absl::Milliseconds(200));
  row.AddTimes("replaced", whole);
  row.AddCount("ranks lost", totals[1]);
  row.AddCount("otherwise", totals[2] + totals[3], 0);
  row.AddCount("wrong", totals[4], 0);
  return row;
}

}  // namespace am::fault
