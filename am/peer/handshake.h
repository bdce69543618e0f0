// The handshake's messages as frames; am/WIRE.md says when each is sent.
//
// Pure functions of values, without state.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/instance_id.h"
#include "am/link/link.h"
#include "am/manager_options.h"
#include "am/payload.h"
#include "am/peer_info.h"
#include "am/wire/wire.h"

namespace am {

// From whom to whom, and in which sessions.
struct HandshakeRoute {
  PeerInfo self;
  InstanceId target;                  // zero: whoever listens there
  std::uint32_t session = 0;          // of the connection that carries it
  std::uint32_t inbound_session = 0;  // the target's, 0 if we know none
  const LinkOptions& window;          // what we grant
};

// What a HELLO_ACK says.
struct HelloReply {
  std::uint32_t session = 0;  // the one that is acknowledged or refused
  absl::Status status;        // why it is refused, or OK
  Link::Past past;            // what arrived before it
  PeerInfo peer;
};

// Frames of one message each.
std::string HelloFrame(const HandshakeRoute& route);
std::string HelloAckFrame(const HandshakeRoute& route, const HelloReply& reply);

// Who says HELLO. INVALID_ARGUMENT: it does not parse, or names another
// instance than its frame's sender.
absl::StatusOr<PeerInfo> ReadHello(const FrameHeader& header,
                                   absl::string_view payload);
absl::StatusOr<HelloReply> ReadHelloAck(const FrameHeader& header,
                                        absl::string_view payload);

}  // namespace am
