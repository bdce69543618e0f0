#include "am/driver/alarm.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace am {
namespace {

constexpr int kWithoutTimerMs = 1;

}  // namespace

Alarm::Alarm()
    : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}

// Zero would mean never.
void Alarm::Set(absl::Duration delay) const {
  itimerspec timer = {};
  timer.it_value = absl::ToTimespec(std::max(delay, absl::Nanoseconds(1)));
  timerfd_settime(timer_.get(), 0, &timer, nullptr);
}

void Alarm::Wait() const {
  pollfd timer = {.fd = timer_.get(), .events = POLLIN, .revents = 0};
  if (poll(&timer, 1, timer_.valid() ? -1 : kWithoutTimerMs) <= 0) return;
  std::uint64_t times;
  [[maybe_unused]] const auto ignored =
      read(timer_.get(), &times, sizeof(times));
}

}  // namespace am
