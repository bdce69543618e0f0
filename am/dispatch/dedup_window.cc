#include "am/dispatch/dedup_window.h"

#include <algorithm>

namespace am {

DedupWindow::Verdict DedupWindow::Admit(const Call& call,
                                        const Arrival& arrival, absl::Time now,
                                        CachedReply& reply) {
  MutexLock lock(mutex_);
  Evict(now);
  const Key key = KeyOf(call);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    if (!found->second.has_ended) {
      Senders& senders = found->second.senders;
      if (std::find(senders.begin(), senders.end(), arrival.sender) ==
          senders.end()) {
        senders.push_back(arrival.sender);
      }
      return Verdict::kJoin;
    }
    reply = found->second.reply;
    return Verdict::kReplay;
  }
  if (arrival.is_repeated && !arrival.is_idempotent &&
      call.id <= FloorOf(key.first)) {
    return Verdict::kTooOld;
  }
  entries_.emplace(key, Entry()).first->second.senders = {arrival.sender};
  NoteEntry(key.first);
  return Verdict::kRun;
}

DedupWindow::Senders DedupWindow::Finish(const Call& call, CachedReply reply,
                                         absl::Time now) {
  MutexLock lock(mutex_);
  const Key key = KeyOf(call);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.has_ended) return {};
  Senders senders = std::move(found->second.senders);
  if (reply.bytes() > options_.max_bytes) {
    Remove(key, call.id);
    return senders;
  }
  bytes_ += reply.bytes();
  found->second = {true, now, std::move(reply), {}};
  ended_.push_back(key);
  Evict(now);
  return senders;
}

DedupWindow::Senders DedupWindow::Forget(const Call& call) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(KeyOf(call));
  if (found == entries_.end() || found->second.has_ended) return {};
  Senders senders = std::move(found->second.senders);
  Remove(found->first, /*floor=*/0);
  return senders;
}

std::uint64_t DedupWindow::FloorOf(std::uint64_t sender) const {
  const auto found = senders_.find(sender);
  return found == senders_.end() ? floor_ : found->second.floor;
}

void DedupWindow::NoteEntry(std::uint64_t id) {
  const auto [found, is_new] = senders_.try_emplace(id);
  SenderCalls& sender = found->second;
  if (is_new) {
    sender.floor = floor_;
  } else if (sender.entries == 0) {
    idle_.erase(sender.idle);
  }
  ++sender.entries;
  EvictSenders();
}

// `floor` of zero leaves it where it is.
void DedupWindow::Remove(const Key& removed, std::uint64_t floor) {
  const Key key = removed;  // It may be the entry's own.
  entries_.erase(key);
  SenderCalls& sender = senders_.find(key.first)->second;
  sender.floor = std::max(sender.floor, floor);
  if (--sender.entries > 0) return;
  sender.idle = idle_.insert(idle_.end(), key.first);
  EvictSenders();
}

void DedupWindow::Evict(absl::Time now) {
  while (!ended_.empty()) {
    const Key key = ended_.front();
    const Entry& oldest = entries_.find(key)->second;
    if (ended_.size() <= options_.max_replies && bytes_ <= options_.max_bytes &&
        now - oldest.ended_at < options_.keep_for) {
      return;
    }
    bytes_ -= oldest.reply.bytes();
    ended_.pop_front();
    Remove(key, key.second);
  }
}

// Also forgets idle senders of whom the common floor says as much.
void DedupWindow::EvictSenders() {
  while (!idle_.empty()) {
    const auto oldest = senders_.find(idle_.front());
    if (senders_.size() <= options_.max_senders &&
        oldest->second.floor > floor_) {
      return;
    }
    floor_ = std::max(floor_, oldest->second.floor);
    senders_.erase(oldest);
    idle_.pop_front();
  }
}

std::size_t DedupWindow::replies() const {
  MutexLock lock(mutex_);
  return ended_.size();
}

std::size_t DedupWindow::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

std::size_t DedupWindow::running() const {
  MutexLock lock(mutex_);
  return entries_.size() - ended_.size();
}

std::size_t DedupWindow::senders() const {
  MutexLock lock(mutex_);
  return senders_.size();
}

}  // namespace am
