#include "am/peer/returns.h"

#include <algorithm>

#include "am/fraction.h"

namespace am {

void Returns::Begin(InstanceId peer, const transport::Address& address,
                    absl::Time now) {
  entries_.insert_or_assign(
      peer, Entry{address, absl::InfiniteFuture(), now + options_.reconnect_for,
                  Backoff(options_.reconnect_min, options_.reconnect_max)});
}

bool Returns::OnFailed(InstanceId peer, absl::Time now) {
  const auto found = entries_.find(peer);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  if (now >= entry.give_up_at) {
    entries_.erase(found);
    return false;
  }
  entry.due = now + entry.backoff.Next(Fraction(random_));
  return true;
}

std::vector<Returns::Try> Returns::TakeDue(absl::Time now) {
  std::vector<Try> due;
  for (auto& [peer, entry] : entries_) {
    if (entry.due > now) continue;
    entry.due = absl::InfiniteFuture();
    due.push_back({peer, entry.address});
  }
  return due;
}

absl::Time Returns::NextDue() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [peer, entry] : entries_) next = std::min(next, entry.due);
  return next;
}

}  // namespace am
