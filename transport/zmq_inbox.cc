#include "am/transport/zmq_inbox.h"

#include <poll.h>

#include <utility>

namespace am::transport {

absl::StatusOr<std::unique_ptr<ZmqInbox>> ZmqInbox::Make(
    std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options,
    const FrameLimits& limits) {
  absl::StatusOr<std::unique_ptr<ZmqSocket>> socket =
      ZmqSocket::MakePull(std::move(context), options);
  if (!socket.ok()) return socket.status();
  absl::StatusOr<EventDescriptor> interrupts = EventDescriptor::Make();
  if (!interrupts.ok()) return interrupts.status();
  return std::unique_ptr<ZmqInbox>(
      new ZmqInbox(*std::move(socket), *std::move(interrupts), limits));
}

ZmqInbox::ZmqInbox(std::unique_ptr<ZmqSocket> socket,
                   EventDescriptor interrupts, const FrameLimits& limits)
    : socket_(std::move(socket)),
      interrupts_(std::move(interrupts)),
      limits_(limits) {}

absl::StatusOr<std::string> ZmqInbox::Bind(const Address& address) {
  drained_ = false;  // libzmq may take the signal of a frame on the way
  return socket_->Bind(address);
}

std::size_t ZmqInbox::Receive(absl::Duration timeout, std::size_t limit,
                              std::vector<InboundFrame>& burst) {
  const Deadline deadline = Deadline::After(timeout);
  if (!drained_ || timeout <= absl::ZeroDuration()) {
    if (const std::size_t taken = Take(limit, burst); taken > 0) return taken;
  }
  while (WaitUntilReadable(deadline)) {
    if (const std::size_t taken = Take(limit, burst); taken > 0) return taken;
  }
  return 0;
}

std::size_t ZmqInbox::Take(std::size_t limit,
                           std::vector<InboundFrame>& burst) {
  drained_ = false;
  std::size_t taken = 0;
  while (taken < limit) {
    InboundFrame frame;
    switch (socket_->TryReceive(limits_, frame)) {
      case ZmqSocket::Received::kNothing:
        drained_ = true;
        return taken;
      case ZmqSocket::Received::kFrame:
        burst.push_back(std::move(frame));
        ++taken;
        break;
      case ZmqSocket::Received::kTooManyParts:
        ++too_many_parts_;
        break;
      case ZmqSocket::Received::kTooManyBytes:
        ++too_many_bytes_;
        break;
    }
  }
  return taken;
}

// False if the wait is over: interrupted, or its time has passed.
bool ZmqInbox::WaitUntilReadable(const Deadline& deadline) {
  const absl::Duration left = deadline.Remaining();
  if (left == absl::ZeroDuration()) return false;
  pollfd descriptors[] = {{socket_->descriptor(), POLLIN, 0},
                          {interrupts_.get(), POLLIN, 0}};
  const timespec wait = absl::ToTimespec(left);
  const int ready =
      ppoll(descriptors, 2, left == absl::InfiniteDuration() ? nullptr : &wait,
            nullptr);
  if (ready <= 0) return true;  // a signal, or let the deadline decide
  if (descriptors[1].revents == 0) return true;
  interrupts_.Clear();
  return false;
}

void ZmqInbox::Interrupt() { interrupts_.Set(); }

}  // namespace am::transport
