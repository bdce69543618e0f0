// File descriptors: owning one, and having enough of them.
//
// libzmq aborts the process when it runs out of descriptors in the wrong place
// (bind, for one), so the ZeroMQ transport asks first.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace am::transport {

// Owns a descriptor and closes it; -1 stands for none. Moves, is not copied.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// An eventfd: what one thread sets and another waits for. Threads: any.
class EventDescriptor final {
 public:
  // RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<EventDescriptor> Make();

  // One that is there already, such as a peer's.
  explicit EventDescriptor(Descriptor descriptor)
      : descriptor_(std::move(descriptor)) {}

  int get() const { return descriptor_.get(); }

  // Never block.
  void Set() const;
  void Clear() const;

 private:
  Descriptor descriptor_;
};

// Raises this process's limit of open descriptors as far as it may.
void RaiseDescriptorLimit();

// RESOURCE_EXHAUSTED unless `count` more descriptors can be opened now. A
// preflight, not a reservation: another thread may take them.
absl::Status CheckDescriptorsLeft(int count);

}  // namespace am::transport
