// WorkerPool: threads for work that may block; it grows while they do.
//
// A pool of fixed size stops as soon as so many handlers block. This one is
// looked at once a millisecond while it is busy (by its owner, who has a
// thread for that): if the oldest work has waited that long, another thread is
// started, up to `max_threads`. Threads idle for ten seconds leave again, down
// to `min_threads`.
//
// Threads: any may call, but Stop only from outside the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "am/clock.h"
#include "am/transport/mutex.h"

namespace am {

class WorkerPool {
 public:
  using Work = absl::AnyInvocable<void() &&>;

  WorkerPool(const Clock& clock, int min_threads, int max_threads);
  ~WorkerPool();

  enum class Posted : std::uint8_t {
    kTaken,    // by an idle thread
    kQueued,   // no thread was idle
    kStopped,  // the pool is stopped; `work` is as it was
  };

  // Queues work, to begin in order.
  Posted Post(Work&& work);

  // Runs work at once, on an idle thread or a new one, even beyond the limit.
  // Discarded once the pool is stopped.
  void PostNow(Work work);

  // Starts a thread if the oldest work has waited since before `limit`.
  // Returns whether any work is waiting.
  bool GrowIfStarved(absl::Time limit);

  // Waits for running work, and returns what has not begun, in order.
  std::vector<Work> Stop();

  int threads() const;

 private:
  struct Item {
    Work work;
    absl::Time since;
  };

  void Spawn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunThread(std::list<std::thread>::iterator self);
  bool WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reap() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const int min_threads_;
  const int max_threads_;

  mutable Mutex mutex_;
  CondVar wakeup_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  std::list<std::thread> running_ ABSL_GUARDED_BY(mutex_);
  std::list<std::thread> finished_ ABSL_GUARDED_BY(mutex_);
  int threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am
