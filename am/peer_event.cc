#include "am/peer_event.h"

namespace am {

absl::string_view PeerStateName(PeerState state) {
  switch (state) {
    case PeerState::kConnecting:
      return "connecting";
    case PeerState::kJoined:
      return "joined";
    case PeerState::kDraining:
      return "draining";
    case PeerState::kLost:
      return "lost";
  }
  return "unknown";
}

}  // namespace am
