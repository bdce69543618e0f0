// Latch: waits for events, with a bound. std::latch of libstdc++ 12 can miss
// its wake-up when another latch waits beside it.
#pragma once

#include <cstdlib>
#include <iostream>

#include "am/transport/mutex.h"

namespace am {

class Latch {
 public:
  explicit Latch(int count = 1) : count_(count) {}

  void CountDown() {
    MutexLock lock(mutex_);
    if (--count_ <= 0) zero_.NotifyAll();
  }

  // Ends the process if it takes a minute: a test that hangs says less.
  void Wait() {
    MutexLock lock(mutex_);
    while (count_ > 0) {
      if (!zero_.WaitFor(mutex_, absl::Minutes(1)) && count_ > 0) {
        std::cerr << "a latch was not counted down within a minute\n";
        std::abort();
      }
    }
  }

 private:
  Mutex mutex_;
  CondVar zero_;
  int count_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
