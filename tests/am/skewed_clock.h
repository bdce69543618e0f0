// SkewedClock: the steady clock, which a test can put forward.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "am/clock.h"

namespace am {

// Threads: any. Timers that are due by a jump fire at the next event.
class SkewedClock final : public Clock {
 public:
  absl::Time Now() const override {
    return steady_.Now() + absl::Seconds(skew_seconds_.load());
  }

  void Jump(absl::Duration forward) {
    skew_seconds_ += absl::ToInt64Seconds(forward);
  }

 private:
  const SteadyClock steady_;
  std::atomic<std::int64_t> skew_seconds_ = 0;
};

}  // namespace am
