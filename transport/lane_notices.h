// LaneNotices: what a transport owes to the observers of its lanes.
//
// It is where the law of LaneObserver (transport.h) is kept, for every
// transport: one thread delivers, under no lock, OnLost once and last, nothing
// after a lane is gone.
//
//   notices.OweLost(recipient, "peer went away");   // anywhere, locks held
//   notices.Deliver();                              // the one delivering
//   thread notices.Remove(*recipient);                     // ~Lane
//
// Threads: any thread may call anything at any time, but Deliver has one
// caller at a time. Only Remove may block.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "am/transport/mutex.h"
#include "am/transport/transport.h"

namespace am::transport {

class LaneNotices {
 public:
  // The observer of one lane and what it is owed.
  class Recipient;

  LaneNotices() = default;
  LaneNotices(const LaneNotices&) = delete;
  LaneNotices& operator=(const LaneNotices&) = delete;

  // `observer` must live until Remove has returned.
  std::shared_ptr<Recipient> Add(LaneObserver& observer);

  // No call begins after this; waits for one that runs on another thread.
  // From within a call of that very observer it returns at once.
  void Remove(Recipient& recipient);

  // Several together become one call. Nothing after OweLost.
  void OweWritable(const std::shared_ptr<Recipient>& recipient);
  void OweLost(const std::shared_ptr<Recipient>& recipient,
               absl::string_view why);

  // Whether Deliver has something to do.
  bool Pending() const;

  // Makes the calls that are owed now, in the order in which they came to be;
  // what these calls cause to be owed waits for the next Deliver.
  void Deliver();

 private:
  void EnqueueLocked(const std::shared_ptr<Recipient>& recipient)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CallLocked(Recipient& recipient) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar call_ended_;
  std::deque<std::shared_ptr<Recipient>> owed_ ABSL_GUARDED_BY(mutex_);

  // Whom Deliver calls at this moment, and on which thread.
  const Recipient* called_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread::id calling_thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::transport
