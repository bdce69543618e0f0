// Plane: by which way a message travels.
#pragma once

#include <cstdint>

namespace am {

enum class Plane : std::uint8_t {
  // Data; but control if the peer is not connected and ManagerOptions has a
  // control plane that reaches it. Never control for a method whose contract
  // says `ordered`.
  kAuto,

  // The links between connected instances: fast, in order.
  kData,

  // gRPC, to the server of the peer (am/control/control_server.h): needs no
  // connection in either direction, and promises no order.
  kControl,
};

}  // namespace am
