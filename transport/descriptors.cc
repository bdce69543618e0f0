#include "am/transport/descriptors.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"

namespace am::transport {

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<EventDescriptor> EventDescriptor::Make() {
  Descriptor descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (descriptor.valid()) return EventDescriptor(std::move(descriptor));
  return absl::ResourceExhaustedError("no file descriptors left");
}

void EventDescriptor::Set() const { eventfd_write(get(), 1); }

void EventDescriptor::Clear() const {
  eventfd_t ignored;
  eventfd_read(get(), &ignored);
}

void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::Status CheckDescriptorsLeft(int count) {
  std::vector<Descriptor> taken;
  for (int i = 0; i < count; ++i) {
    taken.emplace_back(eventfd(0, EFD_CLOEXEC));
    if (!taken.back().valid()) {
      return absl::ResourceExhaustedError(absl::StrCat(
          absl::ErrnoToStatus(errno, "no file descriptors left").message(),
          "; raise the limit (ulimit -n) or open fewer lanes"));
    }
  }
  return absl::OkStatus();
}

}  // namespace am::transport
