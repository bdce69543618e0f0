// Shared memory: frames between processes of one host and one user.
//
//   auto transport = MakeShmTransport({});
//   auto at = (*transport)->Listen(Address::Shm("/run/x/ring"));
//   auto lane = (*transport)->Open(*at, observer);
//
// Each lane is a ring of bytes in memory of its own that its reader maps too
// (transport/byte_ring.h), handed over a unix socket. A frame costs two copies
// and, if the reader is awake, no system call.
//
// Threads: one, however many lanes, which calls the observers. A lane takes
// three file descriptors at either end.
//
// Safety: only processes of the same user are listened to. A reader believes
// nothing that it finds in a ring; a peer that scribbles over one loses that
// lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/transport.h"

namespace am::transport {

struct ShmOptions {
  // Of one frame: head and parts together, and how many parts, of which the
  // head is one.
  std::size_t max_frame_bytes = kDefaultMaxFrameBytes;
  std::size_t max_parts = 64;

  // Of each lane; a power of two from 4 KiB to 64 MiB. Larger frames travel in
  // pieces.
  std::size_t ring_bytes = std::size_t{256} << 10;

  // How long a lane that is destroyed in the midst of a frame goes on with it.
  absl::Duration linger = absl::Seconds(1);

  // Connections that wait to be accepted.
  int backlog = 1024;

  // How long a receiver looks for a frame before it sleeps, or a writer of one
  // larger than the ring for room, at the most and if that pays
  // (transport/look.h); zero: never.
  absl::Duration look = absl::Microseconds(50);

  // The same while no ring is written to, for what `other` may bring.
  absl::Duration look_at_other = absl::Microseconds(200);

  // Serves all addresses but shm ones, such as those of ZeroMQ; its inbox has a
  // descriptor, and the same frame limit holds.
  std::shared_ptr<Transport> other = {};
};

// RESOURCE_EXHAUSTED: no descriptors left. INVALID_ARGUMENT: which option is
// out of range.
absl::StatusOr<std::unique_ptr<Transport>> MakeShmTransport(
    const ShmOptions& options);

}  // namespace am::transport
