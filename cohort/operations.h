// Operations: those of a leader that are under way, and what the past ones say
// of its ranks.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "am/cohort/fan_out.h"
#include "am/cohort/roster.h"
#include "am/cohort/straggler_scores.h"
#include "am/mutex.h"

namespace am::cohort {

class Operations final : public std::enable_shared_from_this<Operations> {
 public:
  // `clock` must outlive it.
  Operations(Client client, const Clock& clock, std::shared_ptr<Roster> roster)
      : client_(client), clock_(clock), roster_(std::move(roster)) {}

  // Begins one: now or, while a replacement is awaited, then.
  // FAILED_PRECONDITION at each rank: the cohort fails or ends.
  std::shared_ptr<FanOut> Begin(FanOut::Plan plan, const Ranks& ranks);

  // Cancels all that are under way; see FanOut::Cancel.
  void CancelAll(const absl::Status& why, const ViewPtr& view);

  // By their numbers.
  std::map<std::uint64_t, std::shared_ptr<FanOut>> UnderWay() const;

  double StragglerScore(int rank) const;

  // A message that several ranks get was written, once.
  void CountSerialised();
  std::uint64_t serialised() const;
  std::uint64_t begun() const;

 private:
  void NoteDone(std::uint64_t number, const FanOut& fan_out);
  Task<void> BeginWhenWhole(std::shared_ptr<FanOut> fan_out);

  Client client_;
  const Clock& clock_;
  const std::shared_ptr<Roster> roster_;

  mutable Mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<FanOut>> under_way_
      ABSL_GUARDED_BY(mutex_);
  StragglerScores scores_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t serialised_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace am::cohort
