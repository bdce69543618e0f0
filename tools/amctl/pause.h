// Pause: waits, unless it is to stop.
#pragma once

#include <stop_token>

#include "absl/time/time.h"

namespace am::amctl {

// False: stop has been requested.
bool Pause(absl::Duration duration, const std::stop_token& stop);

}  // namespace am::amctl
