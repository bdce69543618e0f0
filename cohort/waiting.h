// Waiting: those who wait until a state is as they want it.
//
//   MutexLock lock(mutex_);
//   return waiting_.Await(client, state_, [](const State& s) {...}, timeout);
//   ...
//   std::vector<Promise> ready = waiting_.Take(state_);   // it has changed
//   for (const Promise& promise : ready) promise.Finish();  // under no lock
//
// Threads: one at a time; whoever has the state has a lock for it.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "am/client.h"
#include "am/promise.h"

namespace am::cohort {

template <typename State>
class Waiting final {
 public:
  using Condition = std::function<bool(const State&)>;

  // Done once the condition is true, or with DEADLINE_EXCEEDED.
  Future<void> Await(const Client& client, const State& now,
                     Condition condition, absl::Duration timeout) {
    if (condition(now)) return Future<void>(absl::OkStatus());
    std::erase_if(waiters_,
                  [](const Waiter& waiter) { return waiter.promise.ended(); });
    waiters_.push_back({std::move(condition), Promise(client, timeout)});
    return waiters_.back().promise.future();
  }

  // Those whose condition is true now, to be finished.
  std::vector<Promise> Take(const State& now) {
    std::vector<Promise> ready;
    std::vector<Waiter> others;
    for (Waiter& waiter : waiters_) {
      if (waiter.condition(now)) {
        ready.push_back(waiter.promise);
      } else {
        others.push_back(std::move(waiter));
      }
    }
    waiters_ = std::move(others);
    return ready;
  }

 private:
  struct Waiter {
    Condition condition;
    Promise promise;
  };
  std::vector<Waiter> waiters_;
};

}  // namespace am::cohort
