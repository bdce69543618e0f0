// Barriers: where workers, and their leader, wait for each other.
//
// A barrier has a name, and is there from the first arrival until it opens,
// for all at once, or breaks:
//
//   opens    every rank has arrived, and the leader; where a cohort goes on
//            degraded, every rank that is there
//   breaks   a rank was lost that has to arrive, or the leader's time is up
//
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "am/client.h"
#include "am/clock.h"
#include "am/cohort/outcome.h"
#include "am/cohort/roster.h"
#include "am/mutex.h"
#include "am/promise.h"
#include "am/task.h"

namespace am::cohort {

class Barriers final {
 public:
  // `clock` must outlive it.
  Barriers(Client client, const Clock& clock, std::shared_ptr<Roster> roster)
      : client_(client), clock_(clock), roster_(std::move(roster)) {}

  // A worker arrives. Done when the barrier opens; ABORTED: it broke.
  // ALREADY_EXISTS: the rank waits there already.
  Future<void> Arrive(const std::string& name, int rank,
                      absl::Duration timeout);

  // The leader arrives. Per rank whether it did.
  Task<Outcomes<void>> ArriveAsLeader(std::string name, absl::Duration timeout);

  // Who is there has changed.
  void OnChange(const View& view);

  // Those at which the leader waits, by name, and the ranks it waits for.
  struct Awaited {
    absl::Time begun;
    absl::Time deadline;
    std::vector<int> ranks;
  };
  std::map<std::string, Awaited> ListAwaited() const;

 private:
  struct Arrival {
    Promise promise;
    absl::Duration after;  // since the leader came, or zero
  };
  struct Barrier {
    std::map<int, Arrival> arrived;
    std::optional<Promise> leader;
    absl::Time begun = absl::InfiniteFuture();  // when the leader came
    absl::Time deadline = absl::InfiniteFuture();
  };

  // A barrier that has come to its end, to be told under no lock.
  struct Ending {
    std::vector<Promise> promises;
    absl::Status status;
  };

  void Look(const std::string& name, const View& view,
            std::vector<Ending>& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Ending> EndOf(const Barrier& barrier, const View& view) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Future<void>> BeginWait(const std::string& name,
                                         absl::Duration timeout);
  Outcomes<void> OutcomesOf(const Barrier& barrier, const View& view,
                            const absl::Status& status) const;
  static void Tell(const std::vector<Ending>& endings);

  Client client_;
  const Clock& clock_;
  const std::shared_ptr<Roster> roster_;

  mutable Mutex mutex_;
  std::map<std::string, Barrier> barriers_ ABSL_GUARDED_BY(mutex_);
  // Where the leader waited, until it has looked.
  std::map<std::string, Barrier> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::cohort
