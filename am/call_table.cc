#include "am/call_table.h"

#include <algorithm>
#include <utility>

namespace am {

CallTable::CallTable(std::shared_ptr<Driver> driver, absl::Time now,
                     PlantedBug planted_bug)
    : driver_(std::move(driver)), planted_bug_(planted_bug), deadlines_(now) {}

CallTable::~CallTable() = default;

void CallTable::SetOnCancel(OnCancel on_cancel) {
  MutexLock lock(mutex_);
  on_cancel_ = std::move(on_cancel);
}

std::shared_ptr<CallTable::Call> CallTable::Begin(InstanceId peer,
                                                  absl::Time deadline) {
  std::shared_ptr<Call> call;
  absl::Status closed;
  {
    MutexLock lock(mutex_);
    call = std::make_shared<Call>(shared_from_this(), next_id_++, peer);
    closed = closed_;
    if (closed.ok()) {
      calls_.emplace(call->id, call);
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
  deadlines_.Remove(*call);
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

void CallTable::FinishAll(InstanceId peer, const absl::Status& status) {
  std::vector<std::shared_ptr<Call>> ended;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, call] : calls_) {
      if (peer.is_nobody() || call->peer == peer) ended.push_back(call);
    }
    std::sort(ended.begin(), ended.end(),
              [](const auto& a, const auto& b) { return a->id < b->id; });
    for (const auto& call : ended) Take(call->id);
  }
  for (const auto& call : ended) call->Complete({status, {}, {}});
}

absl::Time CallTable::OnTick(absl::Time now) {
  std::vector<TimerNode*> due;
  std::vector<std::shared_ptr<Call>> late;
  absl::Time next;
  OnCancel on_cancel;
  {
    MutexLock lock(mutex_);
    deadlines_.Advance(now, due);
    for (TimerNode* const node : due) {
      late.push_back(Take(static_cast<Call*>(node)->id));
    }
    next = deadlines_.NextDue();
    on_cancel = on_cancel_;
  }
  for (const auto& call : late) {
    if (!call->peer.is_nobody() && on_cancel) on_cancel(call->peer, call->id);
    call->Complete(
        {absl::DeadlineExceededError("the deadline has passed"), {}, {}});
  }
  return next;
}

void CallTable::Close(absl::Status status) {
  {
    MutexLock lock(mutex_);
    closed_ = status;
    on_cancel_ = nullptr;
  }
  FinishAll(InstanceId(), status);
}

std::size_t CallTable::size() const {
  MutexLock lock(mutex_);
  return calls_.size();
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
  if (!call->peer.is_nobody() && on_cancel) on_cancel(call->peer, call->id);
  call->Complete({absl::CancelledError("the caller cancelled"), {}, {}});
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
