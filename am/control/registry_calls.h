// RegistryCalls: what a client says to a registry, without a thread of its own.
//
// Callbacks run on gRPC's threads, with no lock held; those of one stream one
// at a time, and its end last.
//
// Threads: any, but for the destructor, which ends everything and waits for the
// last callback; so it must not run in one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/control/tls_client_files.h"
#include "am/v1/registry.pb.h"

namespace am::control {

class RegistryCalls {
 public:
  using OnEnd = std::function<void(absl::Status)>;

  // `address` is "host:port". Nothing is connected yet.
  static std::unique_ptr<RegistryCalls> Make(const std::string& address,
                                             const TlsClientFiles& tls);

  virtual ~RegistryCalls() = default;

  // The value is set if the status is OK.
  virtual void Register(
      const v1::RegisterRequest& request, absl::Duration timeout,
      std::function<void(absl::Status, v1::RegisterResponse)> on_done) = 0;
  virtual void Deregister(const v1::DeregisterRequest& request,
                          absl::Duration timeout, OnEnd on_done) = 0;

  // One stream of each kind at a time: the one before must have ended.
  virtual void StartWatch(const v1::WatchRequest& request,
                          std::function<void(v1::WatchResponse&)> on_response,
                          OnEnd on_end) = 0;
  virtual void StartKeepAlive(
      std::function<void(v1::KeepAliveResponse&)> on_response,
      OnEnd on_end) = 0;

  // One at a time: after the answer to the one before. Nothing happens if the
  // stream has ended.
  virtual void SendKeepAlive(const v1::KeepAliveRequest& request) = 0;

  // The streams end soon, if they have not.
  virtual void CancelWatch() = 0;
  virtual void CancelKeepAlive() = 0;

  // What begins from now on goes over another connection.
  virtual void Reconnect() = 0;
};

}  // namespace am::control
