// The one place that knows libzmq: contexts, sockets, monitors. Nothing of
// libzmq shows here; its exceptions stop in zmq_socket.cc, and would-block is a
// value. Nothing in this file blocks but ~ZmqContext.
//
// Threads: a context may be used by any; a socket and a monitor by one at a
// time, another each time if a lock or the like orders them.
//
// A socket's descriptor() signals edges: it is readable while libzmq has
// commands for the socket, whatever they turn out to mean. Waiting on it is
// right only after a TryReceive that returned kNothing, or after Writable()
// returned false, and it may wake for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/transport.h"

namespace am::transport {

// libzmq's I/O threads and sockets. Transports may share one.
class ZmqContext final {
 public:
  // RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<std::shared_ptr<ZmqContext>> Make(int io_threads);

  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;

  // Waits until what closed sockets still had to send is sent, or their linger
  // time is over.
  ~ZmqContext();

 private:
  friend class ZmqSocket;
  struct Impl;

  explicit ZmqContext(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

// What is set on each socket. Durations of zero turn the feature off.
struct ZmqSocketOptions {
  std::size_t max_part_bytes = 0;
  int high_water_mark = 1;      // frames of one lane, at either end
  int kernel_buffer_bytes = 0;  // zero: as the system chooses
  int backlog = 1;
  absl::Duration linger;
  absl::Duration handshake_timeout;
};

// What a received frame may have at the most.
struct FrameLimits {
  std::size_t parts;  // the head is one
  std::size_t bytes;
};

// Follows the one connection of a socket.
class ZmqMonitor final {
 public:
  enum class Event {
    kNone,   // nothing new; descriptor() tells when there is
    kUp,     // connected, and the handshake succeeded
    kLost,   // refused, broken off, or the handshake failed
    kEnd,    // the socket is closed; the last event
    kOther,  // of no interest
  };

  ZmqMonitor(const ZmqMonitor&) = delete;
  ZmqMonitor& operator=(const ZmqMonitor&) = delete;
  ~ZmqMonitor();

  // Never blocks. With kLost, `why` says what happened.
  Event TryNext(std::string& why);
  int descriptor() const;

 private:
  friend class ZmqSocket;
  struct Impl;

  explicit ZmqMonitor(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

class ZmqSocket final {
 public:
  enum class Sent { kWhole, kWouldBlock, kBroken };
  enum class Received { kNothing, kFrame, kTooManyParts, kTooManyBytes };

  // Receives from all that connect to where it is bound.
  // RESOURCE_EXHAUSTED: no sockets or descriptors left.
  static absl::StatusOr<std::unique_ptr<ZmqSocket>> MakePull(
      std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options);

  // Sends to the one it connects to, and never connects again.
  static absl::StatusOr<std::unique_ptr<ZmqSocket>> MakePush(
      std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options);

  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  // What was sent is still delivered, for as long as the socket lingers. A
  // monitor of it must be read until kEnd.
  ~ZmqSocket();

  // Returns the endpoint as bound. ALREADY_EXISTS, UNAVAILABLE,
  // INVALID_ARGUMENT or RESOURCE_EXHAUSTED.
  absl::StatusOr<std::string> Bind(const Address& address);

  // Begins to connect and returns what follows the connection. Once at most.
  // INVALID_ARGUMENT or RESOURCE_EXHAUSTED.
  absl::StatusOr<std::unique_ptr<ZmqMonitor>> Connect(const Address& address);

  // kBroken: the connection went away in the middle of the frame.
  Sent TrySend(const OutboundFrame& frame);

  // Whether there is room to send.
  bool Writable();

  // A frame beyond the limits is taken out and dropped whole, and said so.
  Received TryReceive(const FrameLimits& limits, InboundFrame& frame);

  // Forgets what is not sent yet, instead of lingering.
  void DropUnsent();

  int descriptor() const;

 private:
  struct Impl;

  static absl::StatusOr<std::unique_ptr<ZmqSocket>> Make(
      std::shared_ptr<ZmqContext> context, int type,
      const ZmqSocketOptions& options);

  std::unique_ptr<ZmqMonitor> StartMonitor();
  void StopMonitor();

  explicit ZmqSocket(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace am::transport
