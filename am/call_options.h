// CallOptions: what one call or message may ask for beyond its contract.
#pragma once

#include <type_traits>

#include "absl/time/time.h"
#include "am/codec.h"
#include "am/metadata.h"
#include "am/plane.h"
#include "am/retry_policy.h"

namespace am {

// What a send does when the way to the peer is full.
enum class WhenFull : unsigned char {
  kRefuse,  // RESOURCE_EXHAUSTED at once
  kWait,    // blocks the caller until there is room or the deadline passes
};

// REQUIRES: trivially destructible. g++ 12 destroys a temporary aggregate with
// non-trivial members twice inside a co_await expression.
struct CallOptions {
  // How long the call may take in all; for a one-way message, its time to
  // live. Zero: what the contract says, else 30 s. Never more than what is
  // left of the call in whose handler it is made, nor than 24 h.
  absl::Duration timeout = absl::ZeroDuration();

  WhenFull when_full = WhenFull::kRefuse;

  // By which way it goes (am/plane.h). Each attempt of a call finds its own.
  Plane plane = Plane::kAuto;

  // How a typed request is written, and its response with it.
  Codec codec = Codec::kProtobuf;

  // Whether the call is sent again when it fails; not for one-way messages.
  // Without max_attempts: what the contract says.
  RetryPolicy retry = {};

  // If there is no answer by then, or the call has failed, it is made to
  // another instance as well and the first answer counts (am/outbox/hedging.h).
  // Only for calls to AnyInstance, and of methods that are declared idempotent;
  // INVALID_ARGUMENT otherwise. Zero: not so.
  absl::Duration hedge_after = absl::ZeroDuration();

  // Not owned; read before the call returns.
  const Metadata* metadata = nullptr;
};

static_assert(std::is_trivially_destructible_v<CallOptions>);

inline constexpr absl::Duration kDefaultTimeout = absl::Seconds(30);
inline constexpr absl::Duration kMaxTimeout = absl::Hours(24);

}  // namespace am
