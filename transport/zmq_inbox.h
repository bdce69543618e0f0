// ZmqInbox: one PULL socket, bound to any number of addresses.
//
// A Receive that has to wait looks first, if that pays (transport/look.h). It
// costs two system calls more than libzmq's own blocking recv, which could not
// be interrupted: two looks (poll with timeout zero) which libzmq takes to be
// sure that nothing is there.
//
// Threads: as Inbox says; Bind counts as a Receive. dropped_* are for any
// thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/deadline.h"
#include "am/transport/descriptors.h"
#include "am/transport/look.h"
#include "am/transport/transport.h"
#include "am/transport/zmq_socket.h"

namespace am::transport {

class ZmqInbox final : public Inbox {
 public:
  // RESOURCE_EXHAUSTED: no sockets or descriptors left.
  static absl::StatusOr<std::unique_ptr<ZmqInbox>> Make(
      std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options,
      const FrameLimits& limits, absl::Duration look);

  // As ZmqSocket::Bind.
  absl::StatusOr<std::string> Bind(const Address& address);

  std::size_t Receive(absl::Duration timeout, std::size_t limit,
                      std::vector<InboundFrame>& burst) override;
  void Interrupt() override;
  int descriptor() const override { return socket_->descriptor(); }

  std::uint64_t dropped_too_many_parts() const { return too_many_parts_; }
  std::uint64_t dropped_too_many_bytes() const { return too_many_bytes_; }

 private:
  ZmqInbox(std::unique_ptr<ZmqSocket> socket, EventDescriptor interrupts,
           const FrameLimits& limits, absl::Duration look);

  std::size_t Take(std::size_t limit, std::vector<InboundFrame>& burst);
  bool WaitUntilReadable(const Deadline& deadline);
  int Poll(absl::Duration timeout, bool& interrupted) const;

  const std::unique_ptr<ZmqSocket> socket_;
  const EventDescriptor interrupts_;
  const FrameLimits limits_;
  const absl::Duration most_looking_;
  std::atomic<std::uint64_t> too_many_parts_ = 0;
  std::atomic<std::uint64_t> too_many_bytes_ = 0;

  // Nothing was there at the last look, so that the socket's descriptor will
  // signal whatever comes, and a wait needs no look before it.
  bool drained_ = false;
  Look look_;
};

}  // namespace am::transport
