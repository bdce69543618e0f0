// LeaderCore: what makes a cohort go at its leader: handlers for workers, signs
// of life, policies, the end. A part of Leader (am/cohort/leader.h).
//
//   workers --Join, Leave, Arrive--> handlers --events--> Roster
//   peers lost, silence, time  ---------------------------->  |
//                     Update to workers, policies  <--epochs--+
//
// Threads: any. Shared by the handlers and coroutines that work for it, which
// may outlive the Leader, but not the manager.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/cohort/barriers.h"
#include "am/cohort/cohort_options.h"
#include "am/cohort/operations.h"
#include "am/cohort/outcome.h"
#include "am/cohort/roster.h"
#include "am/manager.h"
#include "am/mutex.h"
#include "am/promise.h"
#include "am/task.h"
#include "am/v1/cohort.pb.h"

namespace am::cohort {

class LeaderCore final : public std::enable_shared_from_this<LeaderCore> {
 public:
  // `manager` must outlive it, and all that it has begun.
  LeaderCore(Manager& manager, CohortOptions options);

  // Serves. ALREADY_EXISTS: the manager leads a cohort already.
  absl::Status Start();

  // Serves no more, and cancels what is under way. Workers are not told.
  void Stop();

  Client& client() { return client_; }
  const CohortOptions& options() const { return options_; }
  Roster& roster() { return *roster_; }
  Operations& operations() { return *operations_; }
  Barriers& barriers() { return *barriers_; }

  absl::Time Now() const { return clock_.Now(); }

  // To each rank a message of its own, and to each rank the same.
  std::shared_ptr<FanOut> Begin(const MethodSpec& spec,
                                FanOut::MakeMessage make,
                                const OperationOptions& options);
  std::shared_ptr<FanOut> Spread(const MethodSpec& spec, Payload payload,
                                 const OperationOptions& options);
  std::shared_ptr<FanOut> AwaitHandlerOnAll(absl::string_view name,
                                            absl::Duration timeout);

  // Blocks; see Leader.
  absl::Status AwaitComplete(absl::Duration timeout);
  absl::Status AwaitEnd();

  // A value of all ranks, or what went wrong at which.
  struct ReducedBytes {
    absl::StatusOr<std::string> value = absl::UnavailableError("no answer");
    std::vector<RankResult<void>> ranks = {};
  };
  Task<ReducedBytes> Reduce(v1::ReduceRequest request, absl::Duration timeout,
                            bool cancels_rest);

  Task<v1::CohortDescription> Describe();

 private:
  // -- Handlers (leader_core.cc)
  absl::Status Register();
  Task<absl::StatusOr<v1::JoinResponse>> Join(Context& context,
                                              const v1::JoinRequest& request);
  absl::StatusOr<Member> Admit(const Application& application);
  Task<bool> IsAlive(Member member);
  absl::Status Leave(InstanceId sender, const v1::MemberRef& member);
  absl::StatusOr<v1::CohortState> Attend(InstanceId sender,
                                         const v1::MemberRef& member);
  Task<absl::Status> Arrive(Context& context, const v1::ArriveRequest& request);
  absl::Status Check(InstanceId sender, const v1::MemberRef& member);

  // -- What follows from changes (leader_end.cc)
  void OnChange(const View& view);
  void OnPhase(const View& view);
  void OnPeerEvent(const PeerEvent& event);
  Task<void> Watch();
  Task<void> Probe(InstanceId worker);
  Task<void> AwaitReplacement();
  Task<void> Push(InstanceId worker);
  void PushToAll(const View& view);
  Task<void> EndAll();
  Task<void> AskToEnd(bool forced, absl::Duration timeout);
  void GiveUp();

  // -- Looking (leader_look.cc)
  v1::CohortDescription DescribeNow();
  void DescribeOperations(v1::CohortDescription& description) const;
  Task<void> AddRunning(v1::CohortDescription& description);

  absl::Time LastHeard(const Member& member) const;
  absl::Duration SinceNow(absl::Time when) const;

  Manager& manager_;
  Client& client_;
  const Clock& clock_;
  const CohortOptions options_;
  const std::shared_ptr<Roster> roster_;
  const std::shared_ptr<Operations> operations_;
  const std::unique_ptr<Barriers> barriers_;
  std::atomic<bool> stopped_ = false;
  std::optional<std::stop_callback<std::function<void()>>> on_cancel_;

  // Of OnChange alone.
  Phase phase_ = v1::CohortState::FORMING;

  Mutex mutex_;
  std::optional<Promise> tick_ ABSL_GUARDED_BY(mutex_);
  // Workers to whom an epoch is on its way.
  std::map<InstanceId, bool> pushing_ ABSL_GUARDED_BY(mutex_);
  // Who had not left in time; set before it has ended.
  std::string not_left_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::cohort
