// LeaseKeeper: keeps leases of etcd alive, for any number of instances over one
// stream.
//
// Threads: any. Callbacks run on gRPC's threads, once each, with no lock held.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/control/etcd/etcd_calls.h"
#include "am/mutex.h"

namespace am::control {

class LeaseKeeper final {
 public:
  // What the lease lasts from now on; zero: there is none. UNAVAILABLE: etcd
  // did not say.
  using OnKept = std::function<void(absl::StatusOr<absl::Duration>)>;

  // The keep-alive stream of `calls`, which must outlive this, is ours; the
  // last callback comes before the destructor of `calls` returns.
  explicit LeaseKeeper(EtcdCalls& calls) : calls_(calls) {}

  void Keep(std::int64_t lease, OnKept on_kept);

  // Those who wait are told UNAVAILABLE soon.
  void Cancel() { calls_.CancelKeepAlive(); }

 private:
  void Start() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAnswer(const etcdserverpb::LeaseKeepAliveResponse& answer);
  void OnEnd(const absl::Status& status);

  EtcdCalls& calls_;
  Mutex mutex_;
  bool is_open_ ABSL_GUARDED_BY(mutex_) = false;
  // By lease, in the order in which they asked.
  std::map<std::int64_t, std::deque<OnKept>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::control
