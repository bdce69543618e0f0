// ZeroMQ transport: frames over tcp and unix sockets.
//
//   auto transport = am::transport::MakeZmqTransport({});
//   auto at = (*transport)->Listen(Address::Tcp("127.0.0.1", 0));
//   auto near = (*transport)->Listen(Address::Ipc(""));   // a private path
//   auto lane = (*transport)->Open(*at, observer);
//
// One PULL socket receives from any number of addresses. Each Open makes a
// fresh PUSH socket with one connection, which libzmq never makes again: its
// own reconnect would break the order of frames. Names are resolved to IPv4, by
// libzmq, in the background.
//
// Threads, beside those that call: one of the publisher pool, which calls the
// observers, and two of libzmq (with one I/O thread). None more for a lane or a
// peer. A lane takes four file descriptors.
//
// Buffers: parts of 8 KiB and more are sent and received without a copy; the
// owner of a sent one is released on a thread of libzmq, where its deleter must
// neither throw nor block. Received Buffers may outlive the transport; keeping
// a small one pins at most eight times its size.
//
// Safety: frames come from whoever can connect, since there is neither
// authentication nor encryption. That is this user for ipc (its sockets have
// mode 0600, private ones stand in a folder of mode 0700), any process of this
// machine for loopback tcp, and anybody for other tcp addresses, which are
// therefore refused unless asked for by name. Whoever connects may also send
// something else than frames of ours: such bytes can arrive as frames. What
// exceeds the limits below is dropped whole and counted; yet a part that
// promises more parts is kept by libzmq until they come, without a bound.
//
// Destroying the transport waits for lanes closed before, for `linger` at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/transport.h"

namespace am::transport {

// libzmq's threads and sockets; needed by name only to share them between
// transports.
class ZmqContext;

// RESOURCE_EXHAUSTED: no descriptors left. One I/O thread serves about a
// gigabyte a second.
absl::StatusOr<std::shared_ptr<ZmqContext>> MakeZmqContext(int io_threads = 1);

struct ZmqOptions {
  // Of one frame, sent or received: head and parts together, and how many
  // parts, of which the head is one. A peer that sends more in one part is
  // disconnected.
  std::size_t max_frame_bytes = kDefaultMaxFrameBytes;
  std::size_t max_parts = 64;

  // Frames of one lane that wait in libzmq, at either end each, before TrySend
  // says would-block. The kernel's buffers hold some more: about
  // kernel_buffer_bytes, or what the system chooses if that is zero.
  int lane_frames = 1000;
  int kernel_buffer_bytes = 0;

  // How long a destroyed lane goes on to send what it took.
  absl::Duration linger = absl::Seconds(1);

  // A lane is lost if it is not connected by then; a peer that has not shaken
  // hands by then is disconnected.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration handshake_timeout = absl::Seconds(5);

  // How long a receiver looks for a frame before it sleeps, at the most and if
  // that pays (transport/look.h); zero: never. About what a frame takes there
  // and back, since two threads of libzmq's have to be woken on each way.
  absl::Duration look = absl::Microseconds(200);

  // Connections that wait to be accepted.
  int backlog = 1024;

  // Listen on tcp addresses that other machines can reach.
  bool insecure_allow_remote_peers = false;

  // Raise the limit of open descriptors of this process as far as it may be.
  bool raise_descriptor_limit = true;

  // Where the folder of private unix sockets is made; empty means
  // $XDG_RUNTIME_DIR, if it is this user's, or else /tmp.
  std::string private_ipc_parent;

  // Null: one of its own.
  std::shared_ptr<ZmqContext> context;
};

struct ZmqStats {
  // Frames that arrived and were dropped whole.
  std::uint64_t dropped_too_many_parts = 0;
  std::uint64_t dropped_too_many_bytes = 0;

  std::uint64_t lanes_opened = 0;
  std::uint64_t lanes_lost = 0;
};

// Listen also returns PERMISSION_DENIED for tcp addresses that other machines
// can reach.
class ZmqTransport : public Transport {
 public:
  // Any thread, any time.
  virtual ZmqStats stats() const = 0;
};

// RESOURCE_EXHAUSTED: no descriptors left. INVALID_ARGUMENT: which option is
// out of range.
absl::StatusOr<std::unique_ptr<ZmqTransport>> MakeZmqTransport(
    const ZmqOptions& options);

}  // namespace am::transport
