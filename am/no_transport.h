// A transport that leads nowhere: for a manager without a data plane, which is
// spoken to over gRPC alone (am/control/control_server.h).
#pragma once

#include <memory>

#include "am/transport/in_process_transport.h"

namespace am {

// For ManagerOptions::transport. Its network has no other members.
inline std::shared_ptr<transport::Transport> MakeNoTransport() {
  return transport::InProcessNetwork().MakeTransport();
}

}  // namespace am
