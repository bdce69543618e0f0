// The unix socket over which a ring is handed to its reader.
//
// The writer connects and sends one packet: what the ring is, and its three
// descriptors. Nothing else is ever sent: the socket stays open for as long as
// both live, since its hang-up tells at once that a process is gone.
//
// Threads: any; the functions share nothing. None blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "am/transport/descriptors.h"

namespace am::transport {

// What the writer of a ring gives to its reader.
struct ShmOffer {
  std::uint64_t ring_bytes = 0;
  Descriptor memory;        // see ShmSegment
  EventDescriptor written;  // for the reader that sleeps
  EventDescriptor read;     // for the writer that waits for room
};

// A socket that listens on `path`, which nothing stands on. UNAVAILABLE: the
// system refused, and why.
absl::StatusOr<Descriptor> ListenOnSocket(const std::string& path, int backlog);

// Connects to `path` and sends the offer. UNAVAILABLE: nobody listens there,
// or too many connect at once.
absl::StatusOr<Descriptor> OfferOnSocket(const std::string& path,
                                         const ShmOffer& offer);

// The next that connects. UNAVAILABLE: nobody does now. RESOURCE_EXHAUSTED: no
// descriptors are left, whether anybody does or not.
absl::StatusOr<Descriptor> AcceptOnSocket(const Descriptor& listener);

// What a connection offers. UNAVAILABLE: nothing yet. INVALID_ARGUMENT: it is
// not an offer. PERMISSION_DENIED: its process is another user's.
absl::StatusOr<ShmOffer> TakeOffer(const Descriptor& connection);

}  // namespace am::transport
