#include "am/transport/look.h"

#include <sched.h>

#include <algorithm>

namespace am::transport {
namespace {

// So many waits sleep at the most after looks in vain; and if others had the
// processor, at the least and at the most.
constexpr int kMostSkipped = 255;
constexpr int kLeastSkippedIfBusy = 255;
constexpr int kMostSkippedIfBusy = 4095;

// Beyond what a look may take: others had the processor.
constexpr std::chrono::microseconds kBusy(500);

int Processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  return CPU_COUNT(&allowed);
}

}  // namespace

Look::Look() : Look(Processors(), &Clock::now) {}

Look::Look(int processors, Clock::time_point (*now)())
    : now_(now), has_company_(processors > 1) {}

bool Look::Until(absl::Duration most, absl::FunctionRef<bool()> has_news) {
  most_ = absl::ToChronoNanoseconds(most);
  if (!MayLook()) return false;
  began_ = now_();
  if (!pays_ || skip_ > 0) return false;
  if (has_news()) return true;
  bool found = false;
  do {
    sched_yield();
    found = has_news();
  } while (!found && WasShort());
  if (found && WasShort()) {
    NoteSuccess();
  } else {
    NoteInVain();
  }
  return found;
}

// Without the sleep it might have been half as long.
void Look::Slept() {
  if (!MayLook()) return;
  pays_ = (now_() - began_) / 2 <= most_;
  if (pays_ && skip_ > 0) --skip_;
}

void Look::Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool Look::MayLook() const {
  return has_company_ && most_ > Clock::duration::zero();
}

bool Look::WasShort() const { return now_() - began_ <= most_; }

void Look::NoteSuccess() {
  in_vain_ = std::max(in_vain_ - in_vain_ / 8 - 1, 0);
}

void Look::NoteInVain() {
  const int twice = 2 * in_vain_ + 1;
  if (now_() - began_ > most_ + kBusy) {
    in_vain_ = std::clamp(twice, kLeastSkippedIfBusy, kMostSkippedIfBusy);
  } else {
    in_vain_ = std::max(in_vain_, std::min(twice, kMostSkipped));
  }
  skip_ = in_vain_;
}

}  // namespace am::transport
