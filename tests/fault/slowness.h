// Slowness: what handlers wait for that are slow, or block.
//
// Threads: any.
#pragma once

#include "absl/time/time.h"
#include "am/transport/mutex.h"

namespace am::fault {

class Slowness {
 public:
  explicit Slowness(absl::Duration time) : time_(time) {}

  // Blocks for that time, if it has begun and until it ends.
  void Wait() {
    MutexLock lock(mutex_);
    if (on_) changed_.WaitFor(mutex_, time_);
  }

  void Begin() { Set(true); }
  void End() { Set(false); }

 private:
  void Set(bool on) {
    MutexLock lock(mutex_);
    on_ = on;
    changed_.NotifyAll();
  }

  const absl::Duration time_;
  Mutex mutex_;
  CondVar changed_;
  bool on_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am::fault
