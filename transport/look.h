// Look: whether to look for news before going to sleep, and for how long.
//
// A thread that sleeps is woken some 20 us late, more if its processor has
// gone to sleep as well; one that looks sees news at once, but keeps a
// processor busy. So a wait looks only if that can be expected to pay:
//
//   * the wait before was short, with its sleep no longer than two looks may
//     be: who gets news seldom, or with longer pauses, sleeps at once and never
//     looks in vain;
//   * and looks have not failed of late. After one in vain the next short wait
//     sleeps at once, after another the next 3, then 7, ... 255; looks that
//     find something make up for those in vain. If others had the processor in
//     between it is needed more elsewhere: then hundreds of waits sleep.
//
// Between two looks other threads that are ready may run. With one processor
// there is no looking.
//
//   if (!look.Until(most, has_news)) {
//     ... sleep ...
//     look.Slept();
//   }
//
// Threads: one at a time.
#pragma once

#include <chrono>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace am::transport {

class Look {
 public:
  using Clock = std::chrono::steady_clock;

  Look();

  // For tests.
  Look(int processors, Clock::time_point (*now)());

  // Begins a wait: calls `has_news` until it returns true, which is returned,
  // or it has been long enough. Zero: not at all.
  bool Until(absl::Duration most, absl::FunctionRef<bool()> has_news);

  // The wait that Until has begun ended with news, after a sleep.
  void Slept();

  // What to do between two looks at memory.
  static void Pause();

 private:
  bool MayLook() const;
  bool WasShort() const;
  void NoteSuccess();
  void NoteInVain();

  Clock::time_point (*const now_)();
  const bool has_company_;  // another processor
  Clock::time_point began_;
  Clock::duration most_ = Clock::duration::zero();
  bool pays_ = false;
  int in_vain_ = 0;
  int skip_ = 0;
};

}  // namespace am::transport
