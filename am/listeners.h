// Listeners: those who hear of events, one event at a time and in order.
//
//   listeners.Note({...});     // under whatever lock puts events in order
//   listeners.Tell();          // under none
//
// Threads: any. Tell runs the listeners on its own thread, unless another one
// is at it, which then takes along what was noted meanwhile; no lock is held,
// so that a listener may call whatever it likes. Note never blocks.
#pragma once

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "am/transport/mutex.h"

namespace am {

template <typename Event>
class Listeners final {
 public:
  using Listener = std::function<void(const Event&)>;

  // `listener` hears of all that is noted from now on.
  void Add(Listener listener) {
    MutexLock lock(mutex_);
    listeners_.push_back(std::move(listener));
  }

  // False: nobody listens, and the event is dropped.
  bool Note(Event event) {
    MutexLock lock(mutex_);
    if (listeners_.empty()) return false;
    events_.push_back(std::move(event));
    return true;
  }

  void Tell() {
    MutexLock lock(mutex_);
    if (std::exchange(telling_, true)) return;
    while (!events_.empty()) {
      const Event event = std::move(events_.front());
      events_.pop_front();
      const std::vector<Listener> listeners = listeners_;
      mutex_.Unlock();
      for (const Listener& listener : listeners) listener(event);
      mutex_.Lock();
    }
    telling_ = false;
  }

 private:
  Mutex mutex_;
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(mutex_);
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am
