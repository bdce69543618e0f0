// EtcdCalls: what is said to etcd (its v3 API), without a thread of its own.
//
// Callbacks run once each, on gRPC's threads, with no lock held; those of one
// stream one at a time, and its end last. A response is there if the status is
// OK. UNAVAILABLE, DEADLINE_EXCEEDED: etcd cannot be reached, or is too slow.
//
// Threads: any, but for Close and the destructor, which must not run in a
// callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/control/etcd/rpc.pb.h"
#include "am/control/tls_client_files.h"

namespace am::control {

class EtcdCalls {
 public:
  template <typename Response>
  using OnDone = std::function<void(absl::Status, const Response&)>;
  template <typename Response>
  using OnResponse = std::function<void(Response&)>;
  using OnEnd = std::function<void(absl::Status)>;

  // `address` is "host:port". Nothing is connected yet.
  static std::unique_ptr<EtcdCalls> Make(const std::string& address,
                                         const TlsClientFiles& tls = {});

  // Closes it.
  virtual ~EtcdCalls() = default;

  // Ends the streams, and waits for the last callback, also of calls that are
  // made in callbacks. No stream may be started meanwhile, or later.
  virtual void Close() = 0;

  virtual void Range(const etcdserverpb::RangeRequest& request,
                     OnDone<etcdserverpb::RangeResponse> on_done) = 0;
  virtual void Txn(const etcdserverpb::TxnRequest& request,
                   OnDone<etcdserverpb::TxnResponse> on_done) = 0;
  virtual void Compact(const etcdserverpb::CompactionRequest& request,
                       OnDone<etcdserverpb::CompactionResponse> on_done) = 0;

  // Rounded up to seconds; etcd may give more.
  virtual void Grant(absl::Duration ttl,
                     OnDone<etcdserverpb::LeaseGrantResponse> on_done) = 0;
  // Whether it works or not.
  virtual void Revoke(std::int64_t lease) = 0;

  // One stream of each kind at a time: the one before must have ended.
  virtual void StartWatch(const etcdserverpb::WatchCreateRequest& request,
                          OnResponse<etcdserverpb::WatchResponse> on_response,
                          OnEnd on_end) = 0;
  virtual void StartKeepAlive(
      OnResponse<etcdserverpb::LeaseKeepAliveResponse> on_response,
      OnEnd on_end) = 0;

  // Any number, answered in order. Nothing happens if the stream has ended.
  virtual void SendKeepAlive(std::int64_t lease) = 0;

  // The streams end soon, if they have not.
  virtual void CancelWatch() = 0;
  virtual void CancelKeepAlive() = 0;
};

}  // namespace am::control
