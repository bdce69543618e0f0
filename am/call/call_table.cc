#include "am/call/call_table.h"

#include <algorithm>
#include <utility>

namespace am {

CallTable::CallTable(std::shared_ptr<Driver> driver,
                     std::shared_ptr<Counters> counters, absl::Time now,
                     std::uint64_t seed, PlantedBug planted_bug)
    : driver_(std::move(driver)),
      counters_(std::move(counters)),
      planted_bug_(planted_bug),
      deadlines_(now),
      retries_(seed) {}

CallTable::~CallTable() = default;

void CallTable::SetOnCancel(OnCancel on_cancel) {
  MutexLock lock(mutex_);
  on_cancel_ = std::move(on_cancel);
}

void CallTable::SetOnRetry(OnRetry on_retry) {
  MutexLock lock(mutex_);
  on_retry_ = std::move(on_retry);
}

std::shared_ptr<CallTable::Call> CallTable::Begin(
    InstanceId peer, absl::Time deadline, std::unique_ptr<Repeatable> again,
    bool over_control) {
  std::shared_ptr<Call> call;
  absl::Status closed;
  {
    MutexLock lock(mutex_);
    if (again != nullptr) again->header.call_id = next_id_;
    call = std::make_shared<Call>(shared_from_this(), next_id_++, peer,
                                  std::move(again));
    call->over_control_ = over_control;
    closed = closed_;
    if (closed.ok()) {
      calls_.emplace(call->id, call);
      if (!peer.is_nobody()) ++counts_[peer];
      deadlines_.Add(*call, deadline);
    }
  }
  if (closed.ok()) {
    driver_->WakeAt(deadline);
  } else {
    call->Complete({std::move(closed), {}, {}});
  }
  return call;
}

bool CallTable::SetOverControl(std::uint64_t call_id, bool over_control) {
  MutexLock lock(mutex_);
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return false;
  found->second->over_control_ = over_control;
  return true;
}

std::shared_ptr<PendingCall> CallTable::Ended(absl::Status status) {
  auto call = std::make_shared<PendingCall>(shared_from_this());
  call->Complete({std::move(status), {}, {}});
  return call;
}

std::shared_ptr<CallTable::Call> CallTable::Take(std::uint64_t call_id) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return nullptr;
  std::shared_ptr<Call> call = std::move(found->second);
  calls_.erase(found);
  if (!call->peer.is_nobody()) --counts_.find(call->peer)->second;
  deadlines_.Remove(*call);
  if (call->again != nullptr) retries_.Remove(*call->again);
  return call;
}

bool CallTable::Finish(std::uint64_t call_id, InstanceId from, Reply reply) {
  std::shared_ptr<Call> call;
  {
    MutexLock lock(mutex_);
    const auto found = calls_.find(call_id);
    if (found == calls_.end() || found->second->peer != from) return false;
    call = Take(call_id);
  }
  call->Complete(std::move(reply));
  return true;
}

// -- Retries -----------------------------------------------------------------

bool CallTable::TryAgain(std::uint64_t call_id, InstanceId from,
                         const absl::Status& status, AttemptEnd end,
                         absl::Time now) {
  MutexLock lock(mutex_);
  const auto found = calls_.find(call_id);
  return found != calls_.end() && found->second->peer == from &&
         TriesAgain(*found->second, status, end, now);
}

bool CallTable::TriesAgain(Call& call, const absl::Status& status,
                           AttemptEnd end, absl::Time now) {
  if (call.again == nullptr ||
      !retries_.TryAgain(*call.again, status, end, now)) {
    return false;
  }
  driver_->WakeAt(call.again->due);
  return true;
}

std::vector<std::shared_ptr<CallTable::Call>> CallTable::BeginRetries(
    absl::Time now) {
  std::vector<std::shared_ptr<Call>> begun;
  for (const std::uint64_t id : retries_.TakeDue(now)) {
    begun.push_back(calls_.find(id)->second);
    Retries::Begin(*begun.back()->again);
    counters_->Count(Counter::kRetried);
  }
  return begun;
}

// -- Ends of other kinds -----------------------------------------------------

// In order of their ids; with zero, all.
std::vector<std::shared_ptr<CallTable::Call>> CallTable::CallsTo(
    InstanceId peer) const {
  std::vector<std::shared_ptr<Call>> calls;
  for (const auto& [id, call] : calls_) {
    if (peer.is_nobody() || call->peer == peer) calls.push_back(call);
  }
  std::sort(calls.begin(), calls.end(),
            [](const auto& a, const auto& b) { return a->id < b->id; });
  return calls;
}

void CallTable::OnPeerLost(InstanceId peer, const absl::Status& why,
                           absl::Time now) {
  std::vector<std::shared_ptr<Call>> ended;
  {
    MutexLock lock(mutex_);
    for (auto& call : CallsTo(peer)) {
      if (call->over_control_) continue;
      if (TriesAgain(*call, why, AttemptEnd::kLost, now)) continue;
      Take(call->id);
      ended.push_back(std::move(call));
    }
    absl::erase_if(counts_,
                   [](const auto& count) { return count.second == 0; });
  }
  for (const auto& call : ended) call->Complete({why, {}, {}});
}

std::vector<std::shared_ptr<CallTable::Call>> CallTable::TakeLate(
    absl::Time now) {
  std::vector<TimerNode*> due;
  deadlines_.Advance(now, due);
  std::vector<std::shared_ptr<Call>> late;
  for (TimerNode* const node : due) {
    late.push_back(Take(static_cast<Call*>(node)->id));
  }
  return late;
}

absl::Time CallTable::OnTick(absl::Time now) {
  std::vector<std::shared_ptr<Call>> late;
  std::vector<std::shared_ptr<Call>> again;
  absl::Time next;
  OnCancel on_cancel;
  OnRetry on_retry;
  {
    MutexLock lock(mutex_);
    late = TakeLate(now);
    again = BeginRetries(now);
    next = std::min(deadlines_.NextDue(), retries_.NextDue());
    on_cancel = on_cancel_;
    if (!again.empty()) on_retry = on_retry_;
  }
  for (const auto& call : late) {
    if (!call->peer.is_nobody()) {
      counters_->Count(Counter::kExpired);
      if (on_cancel) on_cancel(call->peer, call->id);
    }
    call->Complete(
        {absl::DeadlineExceededError("the deadline has passed"), {}, {}});
  }
  for (const auto& call : again) {
    if (on_retry) on_retry(call);
  }
  return next;
}

void CallTable::Close(absl::Status status) {
  std::vector<std::shared_ptr<Call>> ended;
  {
    MutexLock lock(mutex_);
    closed_ = status;
    on_cancel_ = nullptr;
    on_retry_ = nullptr;
    ended = CallsTo(InstanceId());
    for (const auto& call : ended) Take(call->id);
  }
  for (const auto& call : ended) call->Complete({status, {}, {}});
}

std::size_t CallTable::size() const {
  MutexLock lock(mutex_);
  return calls_.size();
}

std::size_t CallTable::CountTo(InstanceId peer) const {
  MutexLock lock(mutex_);
  const auto count = counts_.find(peer);
  return count == counts_.end() ? 0 : count->second;
}

bool CallTable::Contains(std::uint64_t call_id) const {
  MutexLock lock(mutex_);
  return calls_.contains(call_id);
}

void CallTable::Cancel(PendingCall& pending) {
  const auto& known = static_cast<Call&>(pending);
  std::shared_ptr<Call> call;
  OnCancel on_cancel;
  {
    MutexLock lock(mutex_);
    call = Take(known.id);
    on_cancel = on_cancel_;
  }
  if (call == nullptr) return;  // Done, or about to be.
  if (!call->peer.is_nobody()) {
    counters_->Count(Counter::kCancelled);
    if (on_cancel) on_cancel(call->peer, call->id);
  }
  call->Complete({absl::CancelledError("the caller cancelled"), {}, {}});
}

void CallTable::CancelOn(const std::shared_ptr<Call>& call,
                         std::stop_token stop) {
  call->on_stop_ = std::make_unique<std::stop_callback<Call::Canceller>>(
      std::move(stop), Call::Canceller{call});
}

void CallTable::Wait(PendingCall& call) { driver_->Wait(call); }

void CallTable::Resume(Continuation continuation) {
  if (planted_bug_.Strikes(PlantedBug::kCompletionTwice)) {
    continuation = [once = std::move(continuation)]() mutable {
      std::move(once)();
      std::move(once)();
    };
  }
  driver_->RunQuick(std::move(continuation));
}

}  // namespace am
