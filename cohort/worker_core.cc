#include "am/cohort/worker_core.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/place.h"
#include "am/node.h"
#include "am/v1/cohort.am.h"

namespace am::cohort {

using v1::CohortAm;
using v1::CohortMemberAm;

WorkerCore::WorkerCore(Manager& manager, WorkerOptions options)
    : manager_(manager),
      client_(manager.client()),
      clock_(manager.node().clock()),
      options_(std::move(options)),
      heard_(clock_.Now()) {}

absl::Status WorkerCore::Start() {
  absl::Status registered = manager_.node().handlers().Add(Bindings());
  if (!registered.ok()) return registered;
  const std::weak_ptr<WorkerCore> weak = weak_from_this();
  manager_.node().handlers().SetAdmission([weak](InstanceId sender,
                                                 absl::string_view metadata) {
    const auto self = weak.lock();
    return self == nullptr ? absl::OkStatus() : self->Admit(sender, metadata);
  });
  manager_.OnPeerEvent([weak](const PeerEvent& event) {
    if (const auto self = weak.lock()) self->OnPeerEvent(event);
  });
  return absl::OkStatus();
}

// The handlers share in this.
std::vector<HandlerBinding> WorkerCore::Bindings() {
  const std::shared_ptr<WorkerCore> self = shared_from_this();
  std::vector<HandlerBinding> all;
  all.push_back(Bind(CohortMemberAm::kUpdate,
                     [self](Context& context, const v1::CohortState& state) {
                       return self->OnUpdate(context.sender(), state);
                     }));
  all.push_back(Bind(CohortMemberAm::kFollow,
                     [self](Context& context, const v1::MemberRef& ref) {
                       return self->OnFollow(context.sender(), ref);
                     }));
  all.push_back(Bind(CohortMemberAm::kEnd,
                     [self](Context& context, const v1::EndRequest& request) {
                       return self->OnEnd(context.sender(), request);
                     }));
  all.push_back(
      Bind(CohortMemberAm::kReduce,
           [self](Context& context, const v1::ReduceRequest& request) {
             return self->Reduce(context, request);
           }));
  return all;
}

void WorkerCore::Stop() {
  if (stopped_.exchange(true)) return;
  manager_.node().handlers().SetAdmission(nullptr);
  for (const MethodSpec& spec :
       {CohortMemberAm::kUpdate.spec, CohortMemberAm::kFollow.spec,
        CohortMemberAm::kEnd.spec, CohortMemberAm::kReduce.spec}) {
    manager_.Deregister(spec.name).IgnoreError();
  }
  MutexLock lock(mutex_);
  if (tick_.has_value()) tick_->Finish();
}

WorkerCore::State WorkerCore::state() const {
  MutexLock lock(mutex_);
  return state_;
}

v1::MemberRef WorkerCore::Ref() const {
  v1::MemberRef ref;
  MutexLock lock(mutex_);
  *ref.mutable_cohort() = state_.cohort.cohort();
  ref.set_rank(state_.rank);
  return ref;
}

Future<void> WorkerCore::Await(Waiting<State>::Condition condition,
                               absl::Duration timeout) {
  MutexLock lock(mutex_);
  return waiting_.Await(client_, state_, std::move(condition), timeout);
}

// After a change; under no lock.
void WorkerCore::Tell() {
  std::vector<Promise> ready;
  {
    MutexLock lock(mutex_);
    ready = waiting_.Take(state_);
  }
  for (const Promise& promise : ready) promise.Finish();
}

Future<void> WorkerCore::Arrive(const std::string& barrier,
                                absl::Duration timeout) {
  v1::ArriveRequest request;
  *request.mutable_member() = Ref();
  request.set_barrier(barrier);
  CallOptions call;
  call.timeout = timeout;
  return client_.Call(CohortAm::kArrive, state().leader, request, call);
}

Future<void> WorkerCore::Leave() {
  Future<void> left = client_.Call(CohortAm::kLeave, state().leader, Ref(), {});
  {
    MutexLock lock(mutex_);
    left_ = true;
  }
  Finish(absl::OkStatus());
  return left;
}

// -- From the leader ---------------------------------------------------------

bool WorkerCore::IsLeader(InstanceId sender,
                          const v1::CohortRef& cohort) const {
  const v1::CohortRef& known = state_.cohort.cohort();
  return sender == state_.leader &&
         (known.id() == 0 || known.id() == cohort.id());
}

absl::Status WorkerCore::RefuseStale(InstanceId sender,
                                     const v1::CohortRef& cohort) {
  ++stale_refused_;
  return absl::FailedPreconditionError(
      absl::StrCat("this worker follows ", state_.leader.ToString(),
                   " as of epoch ", state_.cohort.cohort().epoch(), ", not ",
                   sender.ToString(), " as of ", cohort.epoch()));
}

// Whether a message of an operation is for the place that we have, or for one
// that we do not know of yet.
absl::Status WorkerCore::Admit(InstanceId sender, absl::string_view metadata) {
  const std::optional<Place> place = FindPlace(metadata);
  if (!place.has_value()) return absl::OkStatus();
  MutexLock lock(mutex_);
  const bool is_leader =
      sender == state_.leader && place->cohort_id == sender.value();
  if (is_leader && place->joined_epoch >= state_.joined_epoch) {
    return absl::OkStatus();
  }
  ++stale_refused_;
  return absl::FailedPreconditionError(absl::StrCat(
      "it is for a place of epoch ", place->joined_epoch, " at ",
      sender.ToString(), "; this worker has had its own since epoch ",
      state_.joined_epoch, " at ", state_.leader.ToString()));
}

absl::Status WorkerCore::OnUpdate(InstanceId sender,
                                  const v1::CohortState& state) {
  const v1::CohortRef& cohort = state.cohort();
  {
    MutexLock lock(mutex_);
    if (!IsLeader(sender, cohort) ||
        cohort.epoch() < state_.cohort.cohort().epoch()) {
      return RefuseStale(sender, cohort);
    }
  }
  Take(state);
  return absl::OkStatus();
}

void WorkerCore::Take(const v1::CohortState& state) {
  {
    MutexLock lock(mutex_);
    heard_ = clock_.Now();
    if (state.cohort().epoch() < state_.cohort.cohort().epoch()) return;
    state_.cohort = state;
  }
  Tell();
}

absl::StatusOr<v1::CohortState> WorkerCore::OnFollow(InstanceId sender,
                                                     const v1::MemberRef& ref) {
  MutexLock lock(mutex_);
  const v1::CohortRef& known = state_.cohort.cohort();
  const bool is_ours = sender == state_.leader &&
                       (known.id() == 0 || known.id() == ref.cohort().id());
  if (is_ours && !left_) {
    heard_ = clock_.Now();
    return state_.cohort;
  }
  return absl::FailedPreconditionError(
      is_ours ? "this worker has left" : "this worker follows another leader");
}

// In whichever epoch it was asked: that others have left may be known before,
// and a cohort that ends takes nobody any more.
absl::Status WorkerCore::OnEnd(InstanceId sender,
                               const v1::EndRequest& request) {
  {
    MutexLock lock(mutex_);
    if (!IsLeader(sender, request.cohort())) {
      return RefuseStale(sender, request.cohort());
    }
  }
  if (request.forced()) {
    Finish(absl::AbortedError("forced: " + request.why()));
    if (options_.on_forced_end) options_.on_forced_end();
    return absl::OkStatus();
  }
  Finish(absl::OkStatus());
  if (options_.on_end) options_.on_end();
  return absl::OkStatus();
}

// -- Its life ----------------------------------------------------------------

void WorkerCore::Finish(const absl::Status& why) {
  {
    MutexLock lock(mutex_);
    if (state_.end.has_value()) return;
    state_.end = why;
    if (tick_.has_value()) tick_->Finish();
  }
  Tell();
}

void WorkerCore::BeginWatch() { StartInBackground(Watch()); }

Task<void> WorkerCore::Watch() {
  const std::shared_ptr<WorkerCore> self = shared_from_this();
  absl::Status ticked = absl::DeadlineExceededError("");
  while (absl::IsDeadlineExceeded(ticked)) {
    std::optional<Promise> tick;
    {
      MutexLock lock(mutex_);
      if (state_.end.has_value()) co_return;
      tick.emplace(client_, heartbeat_interval_);
      tick_ = tick;
    }
    ticked = co_await tick->future();
    const State now = state();
    if (stopped_ || now.end.has_value()) co_return;
    CallOptions call;
    {
      MutexLock lock(mutex_);
      call.timeout = heartbeat_timeout_;
    }
    const absl::StatusOr<v1::CohortState> answer =
        co_await client_.Call(CohortAm::kAttend, now.leader, Ref(), call);
    if (stopped_ || !OnAttended(answer)) co_return;
  }
}

// False: it is over.
bool WorkerCore::OnAttended(const absl::StatusOr<v1::CohortState>& answer) {
  if (answer.ok()) {
    Take(*answer);
    return true;
  }
  bool is_silent;
  {
    MutexLock lock(mutex_);
    if (state_.end.has_value()) return false;
    is_silent = clock_.Now() - heard_ >= heartbeat_timeout_;
  }
  if (absl::IsFailedPrecondition(answer.status())) {
    OnLeaderLost(absl::AbortedError(absl::StrCat(
        "the leader counts us in no more: ", answer.status().message())));
  } else if (is_silent) {
    OnLeaderLost(absl::UnavailableError("no sign of life of the leader"));
  }
  return true;
}

void WorkerCore::OnPeerEvent(const PeerEvent& event) {
  if (stopped_ || event.state != PeerState::kLost) return;
  {
    MutexLock lock(mutex_);
    if (event.peer.id != state_.leader || !joined_) return;
  }
  OnLeaderLost(absl::UnavailableError(
      absl::StrCat("the leader was lost: ", event.why.message())));
}

void WorkerCore::OnLeaderLost(const absl::Status& why) {
  {
    MutexLock lock(mutex_);
    if (state_.end.has_value() || !joined_) return;
    if (options_.leader_loss == LeaderLossPolicy::kServeOn) return;
    if (options_.leader_loss == LeaderLossPolicy::kAwaitReturn) joined_ = false;
  }
  if (options_.leader_loss == LeaderLossPolicy::kEnd) return Finish(why);
  StartInBackground(Rejoin());
}

}  // namespace am::cohort
