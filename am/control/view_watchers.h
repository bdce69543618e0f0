// ViewWatchers: those who are told when a registry's view has changed.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "am/mutex.h"

namespace am::control {

// Is told on whichever thread did it, with no lock of the view's held, one call
// at a time. It must be quick, and not add or remove watchers.
class ViewWatcher {
 public:
  virtual ~ViewWatcher() = default;

  // The view has changed.
  virtual void OnChange() = 0;

  // The view may be out of date from now on, and may begin anew: nothing more
  // comes of it.
  virtual void OnLost(const absl::Status& why) = 0;
};

class ViewWatchers final {
 public:
  // `watcher` must be removed before it goes; it is not running after that.
  void Add(ViewWatcher& watcher) {
    MutexLock lock(mutex_);
    watchers_.insert(&watcher);
  }
  void Remove(ViewWatcher& watcher) {
    MutexLock lock(mutex_);
    watchers_.erase(&watcher);
  }

  // Unless the revision that `revision()` gives was told of before.
  template <typename F>
  void Tell(F revision) {
    MutexLock lock(mutex_);
    const std::uint64_t now = revision();
    if (now == told_) return;
    told_ = now;
    for (ViewWatcher* const watcher : watchers_) watcher->OnChange();
  }

  void TellLost(const absl::Status& why) {
    MutexLock lock(mutex_);
    for (ViewWatcher* const watcher : watchers_) watcher->OnLost(why);
  }

 private:
  Mutex mutex_;
  std::set<ViewWatcher*> watchers_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace am::control
