#include "am/clock.h"

#include <chrono>

namespace am {

absl::Time SteadyClock::Now() const {
  const std::chrono::nanoseconds since_origin =
      std::chrono::steady_clock::now().time_since_epoch();
  return absl::FromUnixNanos(since_origin.count());
}

}  // namespace am
