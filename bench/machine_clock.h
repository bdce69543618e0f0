// The clock that all processes of a machine share, which is that of Recorder
// too.
#pragma once

#include <chrono>
#include <cstdint>

namespace am::bench {

inline std::int64_t NowNanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

inline std::chrono::steady_clock::time_point MomentOf(
    std::int64_t nanoseconds) {
  return std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(nanoseconds));
}

}  // namespace am::bench
