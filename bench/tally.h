// Tally: counts what arrives, for one who waits until enough has.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "am/transport/mutex.h"

namespace am::bench {

class Tally {
 public:
  void Add() {
    if (count_.fetch_add(1) + 1 < wanted_.load()) return;
    MutexLock lock(mutex_);
    enough_.NotifyAll();
  }

  // Blocks until `wanted` have been added, since the beginning, or `bound` has
  // passed. Returns how many were.
  std::uint64_t Await(std::uint64_t wanted, absl::Duration bound) {
    MutexLock lock(mutex_);
    wanted_ = wanted;
    bool goes_on = true;
    while (count_ < wanted && goes_on) goes_on = enough_.WaitFor(mutex_, bound);
    wanted_ = std::numeric_limits<std::uint64_t>::max();
    return count_;
  }

 private:
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<std::uint64_t> wanted_ =
      std::numeric_limits<std::uint64_t>::max();
  Mutex mutex_;
  CondVar enough_;
};

}  // namespace am::bench
