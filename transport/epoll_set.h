// EpollSet: descriptors that one thread waits for, each under a number.
//
// Threads: any may add and remove; one at a time waits.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/descriptors.h"

namespace am::transport {

class EpollSet final {
 public:
  // RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<EpollSet> Make();

  // Has `descriptor` waited for; `events` are epoll's. It leaves the set by
  // itself when it is closed.
  void Add(int descriptor, std::uint32_t events, std::uint64_t number) const {
    Control(EPOLL_CTL_ADD, descriptor, events, number);
  }
  // The same for one that is in it, also after EPOLLONESHOT.
  void Change(int descriptor, std::uint32_t events,
              std::uint64_t number) const {
    Control(EPOLL_CTL_MOD, descriptor, events, number);
  }
  void Remove(int descriptor) const {
    Control(EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  // Blocks until some are ready, whose numbers it puts into `ready`, and
  // returns how many; 0 if `timeout` has passed or a signal came.
  using Ready = std::array<std::uint64_t, 64>;
  std::size_t Wait(absl::Duration timeout, Ready& ready) const;

 private:
  explicit EpollSet(Descriptor epoll) : epoll_(std::move(epoll)) {}

  void Control(int operation, int descriptor, std::uint32_t events,
               std::uint64_t number) const;

  Descriptor epoll_;
};

}  // namespace am::transport
