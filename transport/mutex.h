// Mutex, MutexLock, CondVar: the standard library's, with Abseil's thread
// annotations, so that clang checks what each lock guards. absl::Mutex itself
// is not used: Debian's Abseil is built without ThreadSanitizer's
// instrumentation, which then reports correct code.
//
//   class Account {
//     void Add(int n) {
//       am::MutexLock lock(mu_);
//       balance_ += n;
//       changed_.NotifyAll();
//     }
//     am::Mutex mu_;
//     am::CondVar changed_;
//     int balance_ ABSL_GUARDED_BY(mu_) = 0;
//   };
//
// Time is the steady clock's: a step of the wall clock wakes nobody early or
// late.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace am {

// Not recursive. Unlock comes from the thread that locked.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

  // Whether it is now held. May fail without a reason, as std::mutex may.
  [[nodiscard]] bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    return mutex_.try_lock();
  }

  // Tells the analysis, where it cannot see it, that the caller holds it.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class CondVar;

  std::mutex mutex_;
};

// Holds a Mutex for the length of a block.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_.Lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }

 private:
  Mutex& mutex_;
};

// Waits may return without a reason: wait in a loop, on a condition. All
// waiters of one CondVar use the same Mutex. Notifying needs no lock.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mutex` while it waits, and holds it again on return.
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Held lock(mutex);
    condition_.wait(lock.get());
  }

  // The same, until `deadline` at the latest. False if that has passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Held lock(mutex);
    return condition_.wait_until(lock.get(), deadline) ==
           std::cv_status::no_timeout;
  }

  // The same, for `timeout` at the most; above a year means for ever.
  bool WaitFor(Mutex& mutex, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (timeout > absl::Hours(24 * 365)) {
      Wait(mutex);
      return true;
    }
    return WaitUntil(mutex, std::chrono::steady_clock::now() +
                                absl::ToChronoNanoseconds(timeout));
  }

  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  // Lends a held Mutex to the standard library, which wants a unique_lock.
  class Held {
   public:
    explicit Held(Mutex& mutex) : lock_(mutex.mutex_, std::adopt_lock) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { lock_.release(); }

    std::unique_lock<std::mutex>& get() { return lock_; }

   private:
    std::unique_lock<std::mutex> lock_;
  };

  std::condition_variable condition_;
};

}  // namespace am
