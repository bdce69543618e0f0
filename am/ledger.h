// Ledger: what became of the one-way messages sent to one peer.
//
//   accepted = delivered + drops by cause + in doubt + in flight
//
// holds at every moment, by construction: what is not accounted for in another
// way is in flight. Calls have no ledger: each ends with a status.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace am {

// What the receiver of one-way messages did with them; it tells the sender.
struct InboundCounts {
  std::uint64_t delivered = 0;  // given to a handler that took it
  std::uint64_t expired = 0;    // its time to live passed before it could run
  std::uint64_t rejected = 0;   // no such handler, another pattern, undecodable
                                // or refused by the handler
  std::uint64_t overloaded = 0;  // the queue for handlers was full
  std::uint64_t draining = 0;    // the receiver was shutting down

  std::uint64_t total() const {
    return delivered + expired + rejected + overloaded + draining;
  }
  // Whether it is at least as much in every column.
  bool Covers(const InboundCounts& other) const;
  InboundCounts& operator+=(const InboundCounts& other);
  InboundCounts& operator-=(const InboundCounts& other);
  friend bool operator==(const InboundCounts&, const InboundCounts&) = default;
};

// In which of these a one-way message ends that came to this end.
std::uint64_t InboundCounts::*AccountOf(const absl::Status& outcome);

struct Ledger {
  std::uint64_t accepted = 0;
  InboundCounts received;       // as last told by the receiver
  std::uint64_t link_lost = 0;  // never left, or known not to have arrived
  std::uint64_t in_doubt = 0;   // sent to a peer that was lost before it told;
                                // settled should it return
  std::uint64_t refused = 0;    // not accepted: the sender was told so

  std::uint64_t in_flight() const {
    return accepted - received.total() - link_lost - in_doubt;
  }

  // "accepted 10 = delivered 9 + rejected 1 + ... + in flight 0"
  std::string ToString() const;
};

}  // namespace am
