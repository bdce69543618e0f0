// Clock: what time it is, as an argument.
//
// The runtime reads no clock of its own: the one it is given counts forward
// only, from an origin that means nothing. Differences are what counts;
// nothing is ever compared with a calendar, so that setting the date harms
// nobody.
#pragma once

#include "absl/time/time.h"

namespace am {

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// CLOCK_MONOTONIC.
class SteadyClock final : public Clock {
 public:
  absl::Time Now() const override;
};

}  // namespace am
