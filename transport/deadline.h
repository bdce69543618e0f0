// Deadline: a point on the steady clock, from a duration that may be endless.
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace am::transport {

// A value. Made once at the start of a wait, asked before each step of it.
class Deadline {
 public:
  // Below zero counts as zero; above a year means never.
  static Deadline After(absl::Duration wait) {
    if (wait > absl::Hours(24 * 365)) return Deadline(Clock::time_point::max());
    if (wait <= absl::ZeroDuration()) return Deadline(Clock::time_point::min());
    return Deadline(Clock::now() + absl::ToChronoNanoseconds(wait));
  }

  // What is left: zero if it has passed, infinite if it never will.
  absl::Duration Remaining() const {
    if (point_ == Clock::time_point::max()) return absl::InfiniteDuration();
    if (point_ == Clock::time_point::min()) return absl::ZeroDuration();
    const absl::Duration left = absl::FromChrono(point_ - Clock::now());
    return left > absl::ZeroDuration() ? left : absl::ZeroDuration();
  }

  bool Passed() const { return Remaining() == absl::ZeroDuration(); }

 private:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point point) : point_(point) {}

  Clock::time_point point_;
};

}  // namespace am::transport
