// What a leader does about changes: it tells workers, watches them, and follows
// its policy to the end.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/leader_core.h"
#include "am/node.h"
#include "am/v1/cohort.am.h"

namespace am::cohort {
namespace {

using State = v1::CohortState;
using v1::CohortMemberAm;

// How long a worker that is forced may take.
constexpr absl::Duration kForcedLeave = absl::Seconds(1);

// An epoch that a worker did not take in this time is not told again until the
// next one.
constexpr absl::Duration kPushTimeout = absl::Seconds(10);

std::string NamesOf(const View& view) {
  std::string names;
  for (const Member& member : view.members) {
    if (!member.is_active()) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", "rank ", member.rank,
                    " (", WhereIs(member.peer), ")");
  }
  return names;
}

}  // namespace

void LeaderCore::OnChange(const View& view) {
  if (stopped_) return;
  if (options_.on_change) options_.on_change(view);
  barriers_->OnChange(view);
  const Phase before = std::exchange(phase_, view.phase);
  if (before != view.phase) OnPhase(view);
  // While it forms, who joins is told by that.
  if (view.phase != State::FORMING) PushToAll(view);
}

void LeaderCore::OnPhase(const View& view) {
  const bool is_failure = !absl::IsCancelled(view.why);
  if (view.is_over() && is_failure) {
    operations_->CancelAll(view.why, roster_->view());
  }
  switch (view.phase) {
    case State::WAITING:
      return StartInBackground(AwaitReplacement());
    case State::ENDING:
      return StartInBackground(EndAll());
    case State::ENDED: {
      std::stop_source cancel = options_.cancel;
      cancel.request_stop();
      return;
    }
    default:
      return;
  }
}

void LeaderCore::OnPeerEvent(const PeerEvent& event) {
  if (stopped_ || event.state != PeerState::kLost) return;
  roster_->Do([&](Membership& membership, absl::Time now) {
    membership.Lose(event.peer.id, event.why, now);
  });
}

// -- Signs of life -----------------------------------------------------------

Task<void> LeaderCore::Watch() {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  absl::Status ticked = absl::DeadlineExceededError("");
  while (absl::IsDeadlineExceeded(ticked) && !stopped_) {
    const Promise tick(client_, options_.heartbeat_interval);
    {
      MutexLock lock(mutex_);
      tick_.emplace(tick);
    }
    ticked = co_await tick.future();
    const ViewPtr view = roster_->view();
    if (stopped_ || view->has_ended()) co_return;
    for (const Member& member : view->members) {
      if (member.is_active()) StartInBackground(Probe(member.peer.id));
    }
    roster_->Do(
        [](Membership& membership, absl::Time now) { membership.OnTick(now); });
  }
}

Task<void> LeaderCore::Probe(InstanceId worker) {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  v1::MemberRef ref;
  *ref.mutable_cohort() = RefOf(*roster_->view());
  CallOptions call;
  call.timeout = options_.heartbeat_timeout;
  const absl::StatusOr<v1::CohortState> answer =
      co_await client_.Call(CohortMemberAm::kFollow, worker, ref, call);
  if (stopped_) co_return;
  roster_->Do([&](Membership& membership, absl::Time now) {
    if (answer.ok()) membership.Hear(worker, now);
    // It lives, but follows another leader, or none.
    if (absl::IsFailedPrecondition(answer.status())) {
      membership.Lose(worker, answer.status(), now);
    }
  });
}

Task<void> LeaderCore::AwaitReplacement() {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  const absl::Time until = roster_->Ask<absl::Time>(
      [](Membership& membership) { return membership.replace_by(); });
  const Promise timer(client_, until - clock_.Now());
  (co_await timer.future()).IgnoreError();
  if (stopped_) co_return;
  roster_->Do(
      [](Membership& membership, absl::Time now) { membership.OnTick(now); });
}

// -- Telling workers ---------------------------------------------------------

void LeaderCore::PushToAll(const View& view) {
  for (const Member& member : view.members) {
    if (!member.is_active()) continue;
    {
      MutexLock lock(mutex_);
      const auto [found, is_idle] = pushing_.emplace(member.peer.id, false);
      if (!is_idle) found->second = true;  // once more
      if (!is_idle) continue;
    }
    StartInBackground(Push(member.peer.id));
  }
}

// One epoch at a time, and then the latest.
Task<void> LeaderCore::Push(InstanceId worker) {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  for (bool again = true; again;) {
    const v1::CohortState state = StateOf(*roster_->view());
    CallOptions call;
    call.timeout = kPushTimeout;
    (co_await client_.Call(CohortMemberAm::kUpdate, worker, state, call))
        .IgnoreError();
    MutexLock lock(mutex_);
    again = std::exchange(pushing_[worker], false) && !stopped_;
    if (!again) pushing_.erase(worker);
  }
}

// -- The end -----------------------------------------------------------------

// Asks them to leave; then forces them; then goes on without.
Task<void> LeaderCore::EndAll() {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  const auto has_ended = [](const View& view) { return view.has_ended(); };
  const absl::Time until = clock_.Now() + options_.shutdown_timeout;
  co_await AskToEnd(/*forced=*/false, options_.shutdown_timeout);
  (co_await roster_->Await(has_ended, until - clock_.Now())).IgnoreError();
  const ViewPtr view = roster_->view();
  if (view->has_ended() || stopped_) co_return;
  {
    MutexLock lock(mutex_);
    not_left_ = NamesOf(*view);
  }
  const absl::Time forced_until = clock_.Now() + kForcedLeave;
  co_await AskToEnd(/*forced=*/true, kForcedLeave);
  (co_await roster_->Await(has_ended, forced_until - clock_.Now()))
      .IgnoreError();
  GiveUp();
}

Task<void> LeaderCore::AskToEnd(bool forced, absl::Duration timeout) {
  const ViewPtr view = roster_->view();
  v1::EndRequest request;
  *request.mutable_cohort() = RefOf(*view);
  request.set_forced(forced);
  request.set_why(view->why.ToString());
  FanOut::Plan plan;
  plan.spec = CohortMemberAm::kEnd.spec;
  plan.ranks = Ranks::All().Resolve(view->size());
  plan.deadline = clock_.Now() + timeout;
  plan.make = [request](const Member&, FanOut::Send send) {
    send(Payload::Of(request));
    return absl::OkStatus();
  };
  const auto asked = std::make_shared<FanOut>(client_, clock_, std::move(plan),
                                              [](const FanOut&) {});
  asked->Begin(view);
  (co_await asked->Done()).IgnoreError();
}

void LeaderCore::GiveUp() {
  const ViewPtr view = roster_->view();
  roster_->Do([](Membership& membership, absl::Time) {
    membership.Close(absl::DeadlineExceededError("it did not leave in time"));
  });
  for (const Member& member : view->members) {
    if (member.is_active()) client_.Disconnect(member.peer.id).IgnoreError();
  }
}

}  // namespace am::cohort
