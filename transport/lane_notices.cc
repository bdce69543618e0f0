#include "am/transport/lane_notices.h"

#include <utility>

namespace am::transport {

// Guarded by the lock of the LaneNotices that made it.
class LaneNotices::Recipient {
 public:
  explicit Recipient(LaneObserver& to) : observer(&to) {}

  LaneObserver* observer;  // null once removed
  bool queued = false;
  bool lost = false;  // OnLost is owed, or was called
  std::string why;
};

std::shared_ptr<LaneNotices::Recipient> LaneNotices::Add(
    LaneObserver& observer) {
  return std::make_shared<Recipient>(observer);
}

void LaneNotices::Remove(Recipient& recipient) {
  MutexLock lock(mutex_);
  recipient.observer = nullptr;
  while (called_ == &recipient &&
         calling_thread_ != std::this_thread::get_id()) {
    call_ended_.Wait(mutex_);
  }
}

void LaneNotices::OweWritable(const std::shared_ptr<Recipient>& recipient) {
  MutexLock lock(mutex_);
  if (recipient->lost) return;
  EnqueueLocked(recipient);
}

void LaneNotices::OweLost(const std::shared_ptr<Recipient>& recipient,
                          absl::string_view why) {
  MutexLock lock(mutex_);
  if (recipient->lost) return;
  recipient->lost = true;
  recipient->why = std::string(why);
  EnqueueLocked(recipient);
}

bool LaneNotices::Pending() const {
  MutexLock lock(mutex_);
  return !owed_.empty();
}

void LaneNotices::Deliver() {
  MutexLock lock(mutex_);
  for (std::size_t left = owed_.size(); left > 0; --left) {
    const std::shared_ptr<Recipient> recipient = std::move(owed_.front());
    owed_.pop_front();
    recipient->queued = false;
    if (recipient->observer != nullptr) CallLocked(*recipient);
  }
}

void LaneNotices::EnqueueLocked(const std::shared_ptr<Recipient>& recipient) {
  if (recipient->queued || recipient->observer == nullptr) return;
  recipient->queued = true;
  owed_.push_back(recipient);
}

// The lock is free during the call, after which the observer may be gone.
void LaneNotices::CallLocked(Recipient& recipient) {
  LaneObserver& observer = *recipient.observer;
  const bool lost = recipient.lost;
  const std::string why = recipient.why;
  called_ = &recipient;
  calling_thread_ = std::this_thread::get_id();
  mutex_.Unlock();
  if (lost) {
    observer.OnLost(why);
  } else {
    observer.OnWritable();
  }
  mutex_.Lock();
  called_ = nullptr;
  call_ended_.NotifyAll();
}

}  // namespace am::transport
