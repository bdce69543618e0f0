// RegistryHub: the state of a registry, shared by all who call it, with a
// thread that ends leases and watchers that are told of changes.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "am/clock.h"
#include "am/control/page_token.h"
#include "am/control/registry_state.h"
#include "am/mutex.h"

namespace am::control {

// Is told that the view has changed, on whichever thread did it, with no lock
// of the state's held. It must be quick, and not add or remove watchers.
class ViewWatcher {
 public:
  virtual ~ViewWatcher() = default;
  virtual void OnChange() = 0;
};

class RegistryHub final {
 public:
  explicit RegistryHub(const RegistryOptions& options);
  ~RegistryHub();

  // Runs `f(RegistryState&, absl::Time now)` alone, and tells the watchers if
  // it changed anything.
  template <typename F>
  auto Change(F f) {
    Told told(*this);
    MutexLock lock(mutex_);
    return f(state_, clock_.Now());
  }

  // Runs `f(const RegistryView&)` alone.
  template <typename F>
  auto Read(F f) {
    MutexLock lock(mutex_);
    return f(state_.view());
  }

  // Another number at each start of a registry.
  std::uint64_t generation() const { return generation_; }
  const PageTokens& page_tokens() const { return page_tokens_; }

  // `watcher` must be removed before it goes; it is not running after that.
  void AddWatcher(ViewWatcher& watcher);
  void RemoveWatcher(ViewWatcher& watcher);

 private:
  // Tells the watchers at the end of its block, after the lock is released.
  class Told {
   public:
    explicit Told(RegistryHub& hub) : hub_(hub) {}
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    ~Told() { hub_.TellWatchers(); }

   private:
    RegistryHub& hub_;
  };

  void TellWatchers();
  void EndLeases();

  const SteadyClock clock_;
  const std::uint64_t generation_;
  const PageTokens page_tokens_;

  Mutex watchers_mutex_;
  std::set<ViewWatcher*> watchers_ ABSL_GUARDED_BY(watchers_mutex_);
  std::uint64_t told_ ABSL_GUARDED_BY(watchers_mutex_) = 0;  // which revision

  Mutex mutex_;
  CondVar stopped_;
  RegistryState state_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread ticker_;
};

}  // namespace am::control
