// Membership: who is in a cohort, decided. A state machine without I/O: events
// and the time go in, views come out.
//
//   FORMING --all there--> RUNNING --one lost or left--> DEGRADED or WAITING
//      ^                      ^                             |         |
//      places are free        +----------all there----------+---------+
//      again                                                          |
//   ... --End, or the policy--> ENDING --all gone--> ENDED  <--too late-+
//   ... --the policy----------> FAILED
//
// Each event that changes anything makes a new epoch. Ranks are given by all
// workers or by none, which the first one decides; without them they are the
// order of joining. A rank that was lost or left goes to whoever asks for it,
// or else to the next one who joins.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/cohort/cohort_options.h"
#include "am/cohort/view.h"

namespace am::cohort {

// Who wants to join, and what it knows.
struct Application {
  PeerInfo peer = {};
  std::optional<int> rank = {};
  Labels labels = {};
  std::string cohort = {};      // empty: whichever it is
  std::uint64_t cohort_id = 0;  // with `epoch`: it was in it before
  std::uint64_t epoch = 0;
};

class Membership final {
 public:
  // REQUIRES: Validate(options).ok().
  Membership(const CohortOptions& options, std::uint64_t id);

  // The rank; see am.v1.Cohort/Join for the errors. To join again changes
  // nothing.
  absl::StatusOr<int> Join(const Application& application, absl::Time now);

  // False: it has no place.
  bool Leave(InstanceId instance, absl::Time now);
  bool Lose(InstanceId instance, const absl::Status& why, absl::Time now);

  // A sign of life.
  void Hear(InstanceId instance, absl::Time now);
  absl::Time last_heard(int rank) const;

  // Loses who was silent for too long, and stops waiting for replacements that
  // do not come.
  void OnTick(absl::Time now);

  // When the wait for a replacement ends; infinite if there is none.
  absl::Time replace_by() const { return replace_by_; }

  // Nobody joins any more; ENDED once all have gone. False: it ends already.
  bool End(const absl::Status& why, absl::Time now);

  // Whoever is still there is lost, and it is ENDED.
  void Close(const absl::Status& why);

  // Whether `instance` has a place and knows it, as of `epoch` of cohort `id`.
  // FAILED_PRECONDITION if not, which is counted.
  absl::Status Check(InstanceId instance, std::uint64_t id,
                     std::uint64_t epoch);
  std::uint64_t stale_refused() const { return stale_refused_; }

  const View& view() const { return view_; }

 private:
  absl::Status CheckCohort(const Application& application) const;
  absl::Status CheckRank(const Application& application);
  absl::StatusOr<int> Place(const Application& application) const;
  Member& MemberAt(int rank);
  Member* FindActive(InstanceId instance);

  bool IsWhole() const;
  void Change(absl::Time now, const absl::Status& failure = absl::OkStatus());
  void Review(absl::Time now, const absl::Status& failure);
  void Apply(FailurePolicy policy, absl::Time now, const absl::Status& why);
  void BeginEnd(const absl::Status& why);

  const CohortSize size_;
  const FailurePolicy policy_;
  const absl::Duration heartbeat_timeout_;
  const absl::Duration replacement_timeout_;
  View view_;
  std::vector<absl::Time> heard_;  // by rank
  absl::Time replace_by_ = absl::InfiniteFuture();
  std::uint64_t stale_refused_ = 0;
};

}  // namespace am::cohort
