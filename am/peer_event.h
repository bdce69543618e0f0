// PeerEvent: how another instance is seen from here, and that this changed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "am/peer_info.h"

namespace am {

enum class PeerState : std::uint8_t {
  kConnecting,  // known, but the way to it is not proved (again) yet
  kJoined,
  kDraining,  // wants no new work
  kLost,      // gone, or out of reach; the same incarnation may yet return
};

// "joined"
absl::string_view PeerStateName(PeerState state);

struct PeerEvent {
  PeerInfo peer;
  PeerState state;   // from now on
  absl::Status why;  // of kConnecting after a loss, and of kLost; else OK

  // Why memory is not shared with it, though both do that with others; empty:
  // it is, or one of them does not.
  std::string detour = {};
};

// Runs on one of the framework's threads, one event at a time, in order, under
// no lock. It should be quick, as a callback.
using PeerListener = std::function<void(const PeerEvent&)>;

}  // namespace am
