// Event and Tally: what tests wait for, instead of for some time to pass.
//
// Every wait has a bound, after which it returns false, so that a test fails
// rather than hangs. Threads: any.
#pragma once

#include <algorithm>

#include "absl/time/time.h"
#include "am/transport/mutex.h"

namespace am {

// A number that grows.
class Tally {
 public:
  void Add(int count = 1) {
    MutexLock lock(mutex_);
    value_ += count;
    changed_.NotifyAll();
  }

  // Whether it has become `count` or more.
  bool AwaitAtLeast(int count) {
    MutexLock lock(mutex_);
    bool in_time = true;
    while (value_ < count && in_time) {
      in_time = changed_.WaitFor(mutex_, absl::Seconds(10));
    }
    return value_ >= count;
  }

  int value() const {
    MutexLock lock(mutex_);
    return value_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Something that happens once.
class Event {
 public:
  void Set() { tally_.Add(); }
  bool Await() { return tally_.AwaitAtLeast(1); }
  bool is_set() const { return tally_.value() > 0; }

 private:
  Tally tally_;
};

// How many are within at once, and how many have been at the most.
class Occupancy {
 public:
  // Is within for as long as it lives.
  class Visit {
   public:
    explicit Visit(Occupancy& occupancy) : occupancy_(occupancy) {
      occupancy_.Change(1);
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { occupancy_.Change(-1); }

   private:
    Occupancy& occupancy_;
  };

  int highest() const {
    MutexLock lock(mutex_);
    return highest_;
  }

 private:
  void Change(int by) {
    MutexLock lock(mutex_);
    now_ += by;
    highest_ = std::max(highest_, now_);
  }

  mutable Mutex mutex_;
  int now_ ABSL_GUARDED_BY(mutex_) = 0;
  int highest_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace am
