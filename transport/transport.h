// Transport: moves opaque frames between addresses.
//
// It knows no handler, type, rank, queue or credit: numbering, resending and
// accounting are the business of who uses it (am/link/link.h). What it
// promises:
//
//   * A frame arrives whole or not at all, and unchanged.
//   * Frames of one lane arrive in the order in which they were sent.
//   * A lane never reconnects. Once lost it stays lost; open another.
//   * Frames that a lane took may be lost with it, without a word.
//
// Recipe of a receiver:                  Recipe of a sender:
//   transport->Listen(address)             lane = transport->Open(to, observer)
//   transport->inbox().Receive(...)        lane->TrySend(frame)
//
// Implementations: in_process_transport.h (deterministic), zmq_transport.h
// (ZeroMQ), faulty_transport.h (drops, delays, duplicates and cuts another
// one). All pass tests/transport/transport_conformance.h.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "am/transport/address.h"
#include "am/transport/buffer.h"

namespace am::transport {

// A message of 64 MiB and the headers around it.
inline constexpr std::size_t kDefaultMaxFrameBytes =
    (std::size_t{64} << 20) + (std::size_t{64} << 10);

// A frame on its way out. Borrows everything; it need only live during
// TrySend. `head` is copied by the transport, large `parts` are shared.
struct OutboundFrame {
  absl::string_view head;
  absl::Span<const Buffer> parts = {};

  // What counts against Transport::max_frame_bytes.
  std::size_t bytes() const {
    std::size_t sum = head.size();
    for (const Buffer& part : parts) sum += part.size();
    return sum;
  }
};

// A frame that arrived.
struct InboundFrame {
  Buffer head;
  std::vector<Buffer> parts;
};

// Told about a lane. Calls come from a thread of the transport, or, in
// process, from whoever receives; one at a time per lane, never from within
// TrySend or Open, never while the transport holds a lock, so that it may call
// the lane at once. That thread serves all lanes: a call must not block. On
// another thread than that of Open a call may come before Open has returned.
// The observer must outlive the lane.
class LaneObserver {
 public:
  virtual ~LaneObserver() = default;

  // The lane can take frames again, after a TrySend that returned kWouldBlock.
  // Called once for each such refusal at the most; may be called in vain.
  virtual void OnWritable() = 0;

  // The lane is lost: nobody listens there, the peer went away or broke the
  // protocol. At most once, the last call. A hint: a silent peer (a pulled
  // cable, a hung process) causes none.
  virtual void OnLost(absl::string_view why) = 0;
};

enum class SendResult {
  kSent,        // taken whole; says nothing about arrival
  kWouldBlock,  // nothing taken; OnWritable follows
  kTooLarge,    // nothing taken, nor ever will be: above the frame limit
  kClosed,      // nothing taken, nor ever will be: the lane is lost
};

// One connection to one address. Destroying it closes the connection: frames
// already taken are still sent, for as long as the transport lingers.
//
// The destructor waits for a call of the observer that runs on another thread
// (hold no lock which that call takes); none follows it. Within such a call,
// the observer may destroy the lane, and itself. A transport must outlive its
// lanes.
class Lane {
 public:
  virtual ~Lane() = default;

  // Never blocks. One caller at a time; callers may be different threads if a
  // lock or the like orders them.
  virtual SendResult TrySend(const OutboundFrame& frame) = 0;

  // Whether a frame costs hardly more than its bytes and the other side has it
  // at once, so that several small ones do as well as a large one. The same for
  // as long as the lane lives.
  virtual bool has_cheap_frames() const { return false; }
};

// What has arrived, from all lanes to this transport.
class Inbox {
 public:
  virtual ~Inbox() = default;

  // Appends up to `limit` frames to `burst`, in order per lane, and returns
  // how many. Waits until there is one, `timeout` has passed or Interrupt is
  // called, and then returns 0; timeout zero looks and returns at once.
  // One caller at a time, which may be another thread each time if a lock
  // orders them.
  virtual std::size_t Receive(absl::Duration timeout, std::size_t limit,
                              std::vector<InboundFrame>& burst) = 0;

  // Makes the Receive that waits now, or else the next one to wait, return.
  // Any thread, any time; several may fall together into one.
  virtual void Interrupt() = 0;

  // For who receives from several inboxes: once a look has found nothing, this
  // descriptor is readable when another one may find something. -1: there is
  // none.
  virtual int descriptor() const { return -1; }
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Receives frames sent to `address` from now on and returns the address as
  // bound (port 0 replaced by the real one). May be called several times, for
  // several addresses, before the first Receive.
  // ALREADY_EXISTS: somebody listens there. INVALID_ARGUMENT: not an address
  // of this transport. UNAVAILABLE: the system refused, and why.
  virtual absl::StatusOr<Address> Listen(const Address& address) = 0;

  // Begins to connect and returns at once. The lane takes frames before it is
  // connected; if nobody listens there it is lost, which the observer is told.
  // INVALID_ARGUMENT: not an address of this transport. RESOURCE_EXHAUSTED:
  // no descriptors or sockets left.
  virtual absl::StatusOr<std::unique_ptr<Lane>> Open(
      const Address& address, LaneObserver& observer) = 0;

  virtual Inbox& inbox() = 0;

  // The most bytes a frame may have, head and parts together.
  virtual std::size_t max_frame_bytes() const = 0;
};

}  // namespace am::transport
