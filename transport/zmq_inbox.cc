#include "am/transport/zmq_inbox.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace am::transport {

absl::StatusOr<std::unique_ptr<ZmqInbox>> ZmqInbox::Make(
    std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options,
    const FrameLimits& limits, absl::Duration look) {
  absl::StatusOr<std::unique_ptr<ZmqSocket>> socket =
      ZmqSocket::MakePull(std::move(context), options);
  if (!socket.ok()) return socket.status();
  absl::StatusOr<EventDescriptor> interrupts = EventDescriptor::Make();
  if (!interrupts.ok()) return interrupts.status();
  return std::unique_ptr<ZmqInbox>(
      new ZmqInbox(*std::move(socket), *std::move(interrupts), limits, look));
}

ZmqInbox::ZmqInbox(std::unique_ptr<ZmqSocket> socket,
                   EventDescriptor interrupts, const FrameLimits& limits,
                   absl::Duration look)
    : socket_(std::move(socket)),
      interrupts_(std::move(interrupts)),
      limits_(limits),
      most_looking_(look) {}

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
  bool interrupted = false;
  const auto has_news = [this, &interrupted] {
    return Poll(absl::ZeroDuration(), interrupted) != 0;
  };
  if (!look_.Until(std::min(most_looking_, left), has_news)) {
    if (Poll(left, interrupted) > 0 && !interrupted) look_.Slept();
  }
  if (interrupted) interrupts_.Clear();
  return !interrupted;
}

// As poll, which a signal may end as well.
int ZmqInbox::Poll(absl::Duration timeout, bool& interrupted) const {
  pollfd descriptors[] = {{socket_->descriptor(), POLLIN, 0},
                          {interrupts_.get(), POLLIN, 0}};
  const timespec wait = absl::ToTimespec(timeout);
  const int ready =
      ppoll(descriptors, 2,
            timeout == absl::InfiniteDuration() ? nullptr : &wait, nullptr);
  interrupted = ready > 0 && descriptors[1].revents != 0;
  return ready;
}

void ZmqInbox::Interrupt() { interrupts_.Set(); }

}  // namespace am::transport
