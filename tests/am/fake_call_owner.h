// FakeCallOwner: a node that only remembers what its calls asked of it.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "am/pending_call.h"
#include "am/transport/mutex.h"

namespace am {

class FakeCallOwner final : public CallOwner {
 public:
  void Cancel(PendingCall& call) override {
    ++cancelled;
    call.Complete({absl::CancelledError(), Codec::kRaw, {}});
  }

  void Wait(PendingCall& call) override {
    Mutex mutex;
    CondVar done;
    bool is_done = !call.SetWake([&] {
      MutexLock lock(mutex);
      is_done = true;
      done.NotifyAll();
    });
    MutexLock lock(mutex);
    while (!is_done) done.Wait(mutex);
  }

  void Resume(Continuation continuation) override {
    MutexLock lock(mutex_);
    resumed_.push_back(std::move(continuation));
  }

  // Runs what was resumed, as the worker pool would. Returns how many.
  int RunResumed() {
    for (int runs = 0;; ++runs) {
      Continuation next = Take();
      if (next == nullptr) return runs;
      std::move(next)();
    }
  }

  int cancelled = 0;

 private:
  Continuation Take() {
    MutexLock lock(mutex_);
    if (resumed_.empty()) return nullptr;
    Continuation next = std::move(resumed_.front());
    resumed_.pop_front();
    return next;
  }

  Mutex mutex_;
  std::deque<Continuation> resumed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
