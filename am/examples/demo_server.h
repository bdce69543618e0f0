// The servers of the demo. Each prints the address where it listens, then what
// it has to say, and serves until SIGTERM.
#pragma once

#include <string>

namespace am::examples {

void ServeAsWorker();
void ServeAsGateway(const std::string& worker_address);

}  // namespace am::examples
