// RetryPolicy: whether, when and after what a call is sent again.
//
//   message.Retry({.max_attempts = 4, .initial_backoff =
//   absl::Milliseconds(5)})
//
// A call is sent again, with the id it has, if it ended with one of the
// policy's codes and cannot be run twice by that: it was refused before it ran,
// here or by the peer; or the peer was lost, whose window of calls
// (am/dispatch/dedup_window.h) tells a repetition from a call that it does not
// know; or the method is idempotent. A retry goes to the instance that the call
// was for, never to another one or to another incarnation, and begins before
// the call's deadline or not at all.
//
// An attempt to another instance, while the first one is under way, is a hedge:
// am/outbox/hedging.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace am {

// A set of status codes, written {absl::StatusCode::kUnavailable, ...}. (Not by
// way of an initializer_list: g++ 12 takes none of it within a co_await.)
class StatusCodes {
 public:
  template <std::same_as<absl::StatusCode>... Codes>
  constexpr StatusCodes(Codes... codes) {
    (Add(codes), ...);
  }

  constexpr void Add(absl::StatusCode code) { bits_ |= BitOf(code); }
  constexpr bool Contains(absl::StatusCode code) const {
    return (bits_ & BitOf(code)) != 0;
  }
  friend constexpr bool operator==(StatusCodes, StatusCodes) = default;

 private:
  static constexpr std::uint32_t BitOf(absl::StatusCode code) {
    return std::uint32_t{1} << (static_cast<std::uint32_t>(code) % 32);
  }

  std::uint32_t bits_ = 0;
};

// A literal without state, for tokens and for CallOptions.
struct RetryPolicy {
  // In all, the first included. 1: none but that. 0: what the contract says,
  // and if it says nothing, none.
  int max_attempts = 0;

  // The wait before attempt n is drawn evenly from zero to
  // min(initial_backoff * multiplier^(n - 2), max_backoff): gRPC's proposal A6,
  // "Exponential Backoff", of which this is the full jitter.
  absl::Duration initial_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Seconds(2);
  double multiplier = 2;

  // After which ends of an attempt there may be another one.
  StatusCodes codes = {absl::StatusCode::kUnavailable,
                       absl::StatusCode::kResourceExhausted};

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

static_assert(std::is_trivially_destructible_v<RetryPolicy>);

// How long to wait before attempt number `attempt`, the first of which is 1 and
// does not wait. `random` is at least 0 and less than 1. Never negative,
// whatever the policy says.
absl::Duration BackoffBefore(const RetryPolicy& policy, int attempt,
                             double random);

}  // namespace am
