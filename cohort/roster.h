// Roster: the membership of a leader's cohort, for many threads, and those who
// wait for it and hear of it.
//
// Threads: any. Listeners hear of each epoch, in order, one at a time, under no
// lock, on the thread that made it or on one that made another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "am/client.h"
#include "am/clock.h"
#include "am/cohort/membership.h"
#include "am/cohort/view.h"
#include "am/cohort/waiting.h"
#include "am/listeners.h"
#include "am/mutex.h"

namespace am::cohort {

class Roster final : public std::enable_shared_from_this<Roster> {
 public:
  // `clock` must outlive it.
  Roster(Client client, const Clock& clock, const CohortOptions& options);

  ViewPtr view() const;

  // Runs an event through the machine, at the present time, and tells what it
  // changed.
  void Do(absl::FunctionRef<void(Membership&, absl::Time now)> event);

  // The same, but listeners hear of it on one of the framework's threads: for
  // whoever may not run a user's code.
  void DoQuietly(absl::FunctionRef<void(Membership&, absl::Time now)> event);

  // The same for what changes nothing.
  template <typename Result>
  Result Ask(absl::FunctionRef<Result(Membership&)> question) {
    MutexLock lock(mutex_);
    return question(membership_);
  }

  // Before the first event.
  void AddListener(Listeners<ViewPtr>::Listener listener);

  Future<void> Await(Waiting<View>::Condition condition,
                     absl::Duration timeout);

 private:
  // Whether there is something to tell.
  bool Apply(absl::FunctionRef<void(Membership&, absl::Time now)> event);

  Client client_;
  const Clock& clock_;
  Listeners<ViewPtr> listeners_;

  mutable Mutex mutex_;
  Membership membership_ ABSL_GUARDED_BY(mutex_);
  ViewPtr view_ ABSL_GUARDED_BY(mutex_);
  Waiting<View> waiting_ ABSL_GUARDED_BY(mutex_);
};

// "3 of 4 workers have joined; missing ranks 2"
std::string MissingText(const View& view);

}  // namespace am::cohort
