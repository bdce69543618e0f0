// Where a gRPC server of ours may listen. Pure functions.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace am::control {

// `listen` is "host:port" or "[host]:port". INVALID_ARGUMENT: it is not.
// PERMISSION_DENIED: other machines can reach it, and `is_allowed` is not set;
// the text names `option`, which would set it.
absl::Status CheckListen(const std::string& listen, bool is_allowed,
                         absl::string_view option);

// INVALID_ARGUMENT: it is not "host:port" that somebody could connect to.
absl::Status CheckAdvertised(const std::string& address);

// Whether it stands for every interface. REQUIRES: CheckListen has taken it.
bool IsWildcard(const std::string& listen);

// The same with the real port. REQUIRES: CheckListen has taken it.
std::string WithPort(const std::string& listen, int port);

}  // namespace am::control
