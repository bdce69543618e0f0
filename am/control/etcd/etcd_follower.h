// EtcdFollower: keeps somebody told of all keys with a prefix, as they are and
// as they change, for as long as it lives.
//
//            due              all read            the watch ends
//   waiting ------> loading ----------> watching -----------------> waiting
//      ^               | it fails                (lost, unless it was compacted
//      +---------------+ (lost)                   away, or is read anew anyway)
//
// It reads all keys, then watches from the revision after that; what it misses
// it reads anew, and once in a while it does so in any case. That it cannot
// reach etcd is told once, and tried again after waits that double.
//
// Threads: one of its own, and gRPC's. The destructor waits for both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/control/etcd/etcd_calls.h"

namespace am::control {

// Calls come one at a time, on any thread; they must not block.
class EtcdSink {
 public:
  virtual ~EtcdSink() = default;

  // All keys, at a revision. A transaction: to be made before they are read
  // again.
  virtual std::optional<etcdserverpb::TxnRequest> OnLoaded(
      const std::vector<mvccpb::KeyValue>& keys, std::int64_t revision) = 0;

  // What happened after that. False: all is to be read again.
  virtual bool OnEvents(const etcdserverpb::WatchResponse& response) = 0;

  // Nothing is heard until the next OnLoaded.
  virtual void OnLost(const absl::Status& why) = 0;
};

struct EtcdFollowerOptions {
  std::string key;        // the first
  std::string range_end;  // behind the last
  absl::Duration reconcile_interval = absl::Minutes(1);
  absl::Duration retry_min = absl::Milliseconds(50);
  absl::Duration retry_max = absl::Seconds(1);
};

class EtcdFollower {
 public:
  // Begins at once. `calls`, whose watch it uses, and `sink` must outlive it.
  static std::unique_ptr<EtcdFollower> Make(EtcdCalls& calls, EtcdSink& sink,
                                            const EtcdFollowerOptions& options);

  virtual ~EtcdFollower() = default;
};

}  // namespace am::control
