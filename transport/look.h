// Look: how long to look before going to sleep.
//
// A thread that sleeps is woken some 20 us late, one that looks sees a frame at
// once but keeps a processor busy. So it looks only while that pays: after a
// look in vain the next waits sleep at once, one at first, then 3, 7, ... 255
// of them, until a look has found something again. Traffic with pauses longer
// than a look, a machine whose processors are needed by others, and two sides
// on one processor are all alike: looks are in vain, and cease.
//
// With one processor there is no looking.
//
// Threads: one at a time.
#pragma once

#include <sched.h>

#include <chrono>

#include "absl/time/time.h"

namespace am::transport {

class Look {
 public:
  explicit Look(absl::Duration most)
      : most_(Processors() > 1 ? absl::ToChronoNanoseconds(most)
                               : std::chrono::nanoseconds(0)) {}

  // Until `has_news` is true, which is returned, or it has been long enough.
  template <typename HasNews>
  bool Until(HasNews has_news) {
    if (most_.count() == 0) return false;
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    const auto end = std::chrono::steady_clock::now() + most_;
    do {
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (has_news()) {
          in_vain_ = 0;
          return true;
        }
        Pause();
      }
    } while (std::chrono::steady_clock::now() < end);
    if (in_vain_ < kMostSkipped) in_vain_ = 2 * in_vain_ + 1;
    skip_ = in_vain_;
    return false;
  }

 private:
  static constexpr int kLooksPerClock = 32;
  static constexpr int kMostSkipped = 255;

  static int Processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    return CPU_COUNT(&allowed);
  }

  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  const std::chrono::nanoseconds most_;
  int in_vain_ = 0;
  int skip_ = 0;
};

}  // namespace am::transport
