// WorkerCore: what makes a worker go: handlers for its leader, signs of life,
// the way back. A part of Worker (am/cohort/worker.h).
//
// Threads: any. Shared by the handlers and coroutines that work for it, which
// may outlive the Worker, but not the manager.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/clock.h"
#include "am/cohort/waiting.h"
#include "am/cohort/worker_options.h"
#include "am/manager.h"
#include "am/mutex.h"
#include "am/promise.h"
#include "am/task.h"
#include "am/v1/cohort.pb.h"

namespace am::cohort {

class WorkerCore final : public std::enable_shared_from_this<WorkerCore> {
 public:
  // What it knows.
  struct State {
    InstanceId leader;
    int rank = -1;
    std::uint64_t joined_epoch = 0;  // in which that leader gave it the rank
    v1::CohortState cohort;
    std::optional<absl::Status> end;  // once it is to leave, and why
  };

  // `manager` must outlive it, and all that it has begun.
  WorkerCore(Manager& manager, WorkerOptions options);

  // Registers the handlers; see Worker::Join.
  absl::Status Start();

  // See Worker::Join.
  Task<absl::Status> Join(absl::Time until);
  void BeginWatch();

  void Stop();

  State state() const;
  Client& client() { return client_; }
  absl::Time Now() const { return clock_.Now(); }
  const WorkerOptions& options() const { return options_; }
  Future<void> Arrive(const std::string& barrier, absl::Duration timeout);
  Future<void> Await(Waiting<State>::Condition condition,
                     absl::Duration timeout);
  Future<void> Leave();
  std::uint64_t stale_refused() const { return stale_refused_; }

 private:
  // -- Joining (worker_join.cc)
  Task<absl::StatusOr<v1::PeerInfo>> FindLeader(absl::Duration timeout);
  Task<absl::StatusOr<v1::PeerInfo>> FindInDirectory(absl::Duration timeout);
  Task<absl::Status> TryJoin(absl::Time until);
  v1::JoinRequest RequestTo(InstanceId leader) const;
  void OnJoined(const v1::JoinResponse& response);
  Task<void> Rejoin();

  // -- From the leader (worker_core.cc)
  std::vector<HandlerBinding> Bindings();
  absl::Status Admit(InstanceId sender, absl::string_view metadata);
  bool IsLeader(InstanceId sender, const v1::CohortRef& cohort) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RefuseStale(InstanceId sender, const v1::CohortRef& cohort)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status OnUpdate(InstanceId sender, const v1::CohortState& state);
  absl::StatusOr<v1::CohortState> OnFollow(InstanceId sender,
                                           const v1::MemberRef& ref);
  absl::Status OnEnd(InstanceId sender, const v1::EndRequest& request);

  // -- Reductions (worker_reduce.cc)
  absl::Status CheckReduction(const v1::ReduceRequest& request);
  Task<absl::StatusOr<v1::ReduceResponse>> Reduce(
      Context& context, const v1::ReduceRequest& request);

  // -- Its life (worker_core.cc)
  void OnPeerEvent(const PeerEvent& event);
  Task<void> Watch();
  bool OnAttended(const absl::StatusOr<v1::CohortState>& answer);
  void OnLeaderLost(const absl::Status& why);
  void Take(const v1::CohortState& state);
  void Finish(const absl::Status& why);
  void Tell();
  v1::MemberRef Ref() const;

  Manager& manager_;
  Client& client_;
  const Clock& clock_;
  const WorkerOptions options_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> stale_refused_ = 0;

  mutable Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_);
  Waiting<State> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<Promise> tick_ ABSL_GUARDED_BY(mutex_);
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mutex_);
  absl::Duration heartbeat_timeout_ ABSL_GUARDED_BY(mutex_);
  absl::Time heard_ ABSL_GUARDED_BY(mutex_);
  bool joined_ ABSL_GUARDED_BY(mutex_) = false;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am::cohort
