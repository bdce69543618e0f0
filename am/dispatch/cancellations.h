// Cancellations: which calls that came in can be cancelled, and cancelling
// them.
//
// A call that can be cancelled alone is entered here until it ends. One that
// runs at once, and makes no calls, is not: it listens to shared(), which
// CancelAll stops. Whoever listens to a stop token is told as quick work, since
// that is the user's code.
//
// Threads: any. Nothing blocks.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <utility>

#include "absl/time/time.h"
#include "am/dispatch/inbound_call.h"
#include "am/driver/driver.h"
#include "am/instance_id.h"
#include "am/transport/mutex.h"

namespace am {

class Cancellations final {
 public:
  // `driver` must outlive it.
  explicit Cancellations(Driver& driver) : driver_(driver) {}

  // Enters a call. With `by_id` its sender cancels it by the call's id, else
  // only CancelAll does. If it `may_come_again`, because its sender repeats it,
  // it outlasts the loss of that peer until its deadline.
  void Enter(InboundCall& call, bool by_id, bool may_come_again);

  // The call has ended.
  void Leave(const InboundCall& call);

  void Cancel(InstanceId sender, std::uint64_t call_id);

  // The peer awaits none of its calls any more, but for those that may come
  // again. Its one-way messages stay: nobody awaits them, and they were
  // accepted.
  void CancelAllOf(InstanceId peer);

  // From now on all_cancelled().
  void CancelAll();
  bool all_cancelled() const { return all_cancelled_.load(); }

  const std::stop_source& shared() const { return shared_; }

  // Cancels what is due; returns when to come again.
  absl::Time OnTick(absl::Time now);

 private:
  // The sender, and the call's id or, if it is not cancelled by that, a number
  // of ours.
  using Key = std::pair<std::uint64_t, std::uint64_t>;

  struct Entry {
    std::stop_source stop;
    absl::Time deadline;
    bool may_come_again;
  };

  void RequestStop(const std::stop_source& stop);

  Driver& driver_;
  const std::stop_source shared_;
  std::atomic<bool> all_cancelled_ = false;

  Mutex mutex_;
  // Ordered: cancelling all is in order.
  std::map<Key, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Those whose peer is gone and may come back, by their deadlines.
  std::set<std::pair<absl::Time, Key>> orphans_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t own_numbers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace am
