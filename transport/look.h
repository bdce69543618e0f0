// Look: how long to look before going to sleep.
//
// A thread that sleeps is woken some 20 us late, one that looks sees a frame at
// once but keeps a processor busy. So it looks only while that pays
// (LookRule), and for so long at the most. With one processor there is no
// looking.
//
// Threads: one at a time.
#pragma once

#include <sched.h>

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace am::transport {

// Whether looking pays, told by what it led to. After a look in vain the next
// waits sleep at once, one at first, then 3, 7, ... 255 of them, until a look
// has found something again. Traffic with pauses longer than a look, a machine
// whose processors are needed by others, and two sides on one processor are all
// alike: looks are in vain, and cease.
//
// Whoever waits for an answer after such a pause does not look either: the
// other side sleeps by then, and to look while it is woken takes it a
// processor. (Measured with 300 us between calls: an answer after 37 us, and
// after 27 if he sleeps meanwhile. It came in time, so that looks seemed to
// pay.)
class LookRule {
 public:
  using Duration = std::chrono::nanoseconds;

  explicit LookRule(Duration most) : most_(most) {}

  // Whether to look in a wait that begins so long after the last news.
  bool MayLook(Duration since_news) {
    if (since_news > most_) return false;
    if (skip_ == 0) return true;
    --skip_;
    return false;
  }

  // What a look came to.
  void OnNews() { in_vain_ = 0; }
  void OnVain() {
    in_vain_ = std::min(2 * in_vain_ + 1, kMostSkipped);
    skip_ = in_vain_;
  }

 private:
  static constexpr int kMostSkipped = 255;

  const Duration most_;
  int in_vain_ = 0;
  int skip_ = 0;
};

class Look {
 public:
  explicit Look(absl::Duration most)
      : most_(Processors() > 1 ? absl::ToChronoNanoseconds(most)
                               : std::chrono::nanoseconds(0)),
        rule_(most_) {}

  // Until `has_news` is true, which is returned, or it has been long enough.
  template <typename HasNews>
  bool Until(HasNews has_news) {
    if (most_.count() == 0) return false;
    const Clock::time_point begin = Clock::now();
    if (!rule_.MayLook(begin - last_news_)) return false;
    Clock::time_point now = begin;
    do {
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (has_news()) {
          last_news_ = now;
          rule_.OnNews();
          return true;
        }
        Pause();
      }
      now = Clock::now();
    } while (now - begin < most_);
    rule_.OnVain();
    return false;
  }

  // There was news otherwise than by Until.
  void NoteNews() {
    if (most_.count() > 0) last_news_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr int kLooksPerClock = 32;

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
  LookRule rule_;
  Clock::time_point last_news_;
};

}  // namespace am::transport
