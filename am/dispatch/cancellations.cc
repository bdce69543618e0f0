#include "am/dispatch/cancellations.h"

namespace am {
namespace {

// In keys that are numbers of ours: those of one-way messages, which have no
// call ids, and of local ones, whose ids their senders may use on links too.
constexpr std::uint64_t kOwnNumber = std::uint64_t{1} << 63;

}  // namespace

void Cancellations::Enter(InboundCall& call, bool by_id, bool may_come_again) {
  const InboundCall::Message& message = call.message();
  MutexLock lock(mutex_);
  call.cancel_key =
      by_id ? message.header.call_id : kOwnNumber | ++own_numbers_;
  entries_.insert_or_assign(
      {message.sender->id().value(), call.cancel_key},
      Entry{call.stop_source(), message.deadline, may_come_again});
}

void Cancellations::Leave(const InboundCall& call) {
  if (call.cancel_key == 0) return;
  MutexLock lock(mutex_);
  const auto found =
      entries_.find({call.message().sender->id().value(), call.cancel_key});
  if (found == entries_.end() || found->second.stop != call.stop_source()) {
    return;
  }
  orphans_.erase({found->second.deadline, found->first});
  entries_.erase(found);
}

void Cancellations::RequestStop(const std::stop_source& stop) {
  driver_.RunQuick([stop]() mutable { stop.request_stop(); });
}

void Cancellations::Cancel(InstanceId sender, std::uint64_t call_id) {
  MutexLock lock(mutex_);
  const auto found = entries_.find({sender.value(), call_id});
  if (found != entries_.end()) RequestStop(found->second.stop);
}

void Cancellations::CancelAllOf(InstanceId peer) {
  MutexLock lock(mutex_);
  for (auto it = entries_.lower_bound({peer.value(), 0});
       it != entries_.end() && it->first.first == peer.value(); ++it) {
    const auto& [key, entry] = *it;
    const bool is_by_id = (key.second & kOwnNumber) == 0;
    if (is_by_id && entry.may_come_again) {
      orphans_.emplace(entry.deadline, key);
      driver_.WakeAt(entry.deadline);
    } else if (is_by_id) {
      RequestStop(entry.stop);
    }
  }
}

void Cancellations::CancelAll() {
  all_cancelled_ = true;
  MutexLock lock(mutex_);
  RequestStop(shared_);
  for (const auto& [key, entry] : entries_) RequestStop(entry.stop);
}

absl::Time Cancellations::OnTick(absl::Time now) {
  MutexLock lock(mutex_);
  while (!orphans_.empty() && orphans_.begin()->first <= now) {
    const auto found = entries_.find(orphans_.begin()->second);
    if (found != entries_.end()) RequestStop(found->second.stop);
    orphans_.erase(orphans_.begin());
  }
  return orphans_.empty() ? absl::InfiniteFuture() : orphans_.begin()->first;
}

}  // namespace am
