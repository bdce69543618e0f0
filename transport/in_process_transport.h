// In-process transport: frames between names within one process.
//
//   am::transport::InProcessNetwork network;
//   auto alice = network.MakeTransport();
//   auto bob = network.MakeTransport();
//   bob->Listen(Address::InProcess("bob"));
//   auto lane = alice->Open(Address::InProcess("bob"), observer);
//   (*lane)->TrySend({.head = "hello"});
//   bob->inbox().Receive(absl::ZeroDuration(), 16, burst);
//   alice->inbox().Receive(absl::ZeroDuration(), 16, burst);  // her notices
//
// It has no thread, no socket and, as long as every Receive is called with
// timeout zero, no clock: a whole world of transports runs in one thread, the
// same way each time. Observers are called by the Receive of the transport
// that opened the lane, so a sender has to call it now and then.
//
// Listening to `inproc://` picks a free name. A frame is taken while fewer than
// `lane_frames` of its lane wait at the receiver; heads are copied, parts are
// shared. Frames are received in the order in which they were sent, over all
// lanes. Destroying a transport loses the lanes to it, and what waits in it.
//
// Threads: as transport.h says, for any number of threads; one lock serves the
// whole network. Network, transports and lanes may be destroyed in any order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "am/transport/transport.h"

namespace am::transport {

class InProcessBoard;

struct InProcessOptions {
  // Of one lane, sent and not yet received; at least 1.
  std::size_t lane_frames = 1000;
  // Head and parts together.
  std::size_t max_frame_bytes = kDefaultMaxFrameBytes;
  // Called whenever a Receive that waits would look or return: for who calls
  // it, with timeout zero, only when that is worth it. On any thread, with the
  // network's lock held: it must do no more than note it.
  std::function<void()> on_stir = {};
};

// The world whose transports can reach each other. Outside it their names mean
// nothing.
class InProcessNetwork {
 public:
  InProcessNetwork();
  InProcessNetwork(const InProcessNetwork&) = delete;
  InProcessNetwork& operator=(const InProcessNetwork&) = delete;
  ~InProcessNetwork();

  // The limits count for what the new transport sends.
  std::unique_ptr<Transport> MakeTransport(
      const InProcessOptions& options = InProcessOptions());

  // The transport that listens on `name`, if there is one, is cut out as if
  // its process were killed: what it sent stays with the receivers, what waits
  // in it is lost, and so are all lanes to it and from it and those it opens
  // later. The name is free again.
  void Kill(const std::string& name);

 private:
  std::shared_ptr<InProcessBoard> board_;
};

}  // namespace am::transport
