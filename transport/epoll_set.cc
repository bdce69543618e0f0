#include "am/transport/epoll_set.h"

#include <cerrno>

#include "absl/status/status.h"

namespace am::transport {

absl::StatusOr<EpollSet> EpollSet::Make() {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (epoll.valid()) return EpollSet(std::move(epoll));
  return absl::ResourceExhaustedError("no file descriptors left");
}

void EpollSet::Control(int operation, int descriptor, std::uint32_t events,
                       std::uint64_t number) const {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = number;
  epoll_ctl(epoll_.get(), operation, descriptor, &event);
}

std::size_t EpollSet::Wait(absl::Duration timeout, Ready& ready) const {
  std::array<epoll_event, std::tuple_size_v<Ready>> events;
  const int size = static_cast<int>(events.size());
  const bool is_endless = timeout == absl::InfiniteDuration();
  const timespec wait = absl::ToTimespec(timeout);
  int count = epoll_pwait2(epoll_.get(), events.data(), size,
                           is_endless ? nullptr : &wait, nullptr);
  if (count < 0 && errno == ENOSYS) {  // before Linux 5.11: in milliseconds
    const absl::Duration rounded = absl::Ceil(timeout, absl::Milliseconds(1));
    count = epoll_wait(
        epoll_.get(), events.data(), size,
        is_endless ? -1 : static_cast<int>(absl::ToInt64Milliseconds(rounded)));
  }
  const std::size_t found = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (std::size_t i = 0; i < found; ++i) ready[i] = events[i].data.u64;
  return found;
}

}  // namespace am::transport
