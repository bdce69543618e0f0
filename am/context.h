// Context: what a handler is told about the message it handles.
//
// Threads: the handler's alone, but for stop_token(), which may be kept and
// asked anywhere.
// Lifetime: until the handler returns, or its coroutine ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/codec.h"
#include "am/instance_id.h"
#include "am/metadata.h"

namespace am {

class Client;
class Clock;

class Context {
 public:
  // What the message says of itself; the views live as long as the Context.
  struct Origin {
    InstanceId sender = {};
    absl::string_view handler = {};
    std::uint64_t call_id = 0;
    Codec codec = Codec::kRaw;
    absl::string_view metadata = {};  // as on the wire
    absl::Time deadline = absl::InfiniteFuture();
    std::atomic<bool>* makes_calls = nullptr;  // see NoteMakesCalls
  };

  // All must outlive it.
  Context(const Origin& origin, const Clock& clock, Client& client,
          const std::stop_source& stop)
      : origin_(origin), clock_(clock), client_(client), stop_(stop) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  InstanceId sender() const { return origin_.sender; }

  // The full name, "package.Service/Method".
  absl::string_view handler() const { return origin_.handler; }

  // The caller's number of this call, the same for each retry; 0 if one-way.
  std::uint64_t call_id() const { return origin_.call_id; }

  Codec codec() const { return origin_.codec; }

  // Decodes the metadata anew on each call.
  Metadata metadata() const;

  // When the caller stops waiting, on the manager's Clock, and how long that
  // is from now (not below zero).
  absl::Time deadline() const { return origin_.deadline; }
  absl::Duration remaining() const;

  // Whether the caller has cancelled, its deadline passed or we shut down.
  bool cancelled() const;
  std::stop_token stop_token() const { return stop_.get_token(); }

  // For calls to others. A call made while this handler runs, through this or
  // any other Client, inherits what is left of the deadline, and ends with
  // CANCELLED when this one is cancelled.
  Client& client() const { return client_; }

  // A one-way message has no reply. A handler that will not take one says so
  // here, and the ledgers of both sides count it as rejected.
  void Refuse(absl::Status why) { refusal_ = std::move(why); }
  const absl::Status& refusal() const { return refusal_; }

  // For parts of the framework: the handler makes calls, so that each of its
  // own must be one that can be cancelled alone.
  void NoteMakesCalls() {
    if (origin_.makes_calls != nullptr) {
      origin_.makes_calls->store(true, std::memory_order_relaxed);
    }
  }

 private:
  const Origin origin_;
  const Clock& clock_;
  Client& client_;
  const std::stop_source& stop_;
  absl::Status refusal_;
};

}  // namespace am
