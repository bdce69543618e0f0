// A call over ZeroMQ of a handler that this program does not know.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/amctl/call_request.h"
#include "tools/amctl/data_plane.h"

namespace am::amctl {

// Types go as JSON, which the peer reads by its own descriptors. Returns the
// response as JSON; {} for an Ack handler that has run, and for a one-way
// message that was delivered.
absl::StatusOr<std::string> CallOnDataPlane(
    DataPlane& plane, const std::string& full_name, const CallRequest& request,
    absl::Duration timeout, const std::map<std::string, std::string>& metadata);

}  // namespace am::amctl
