// Names of handlers, as people write them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace am::amctl {

// The full name: of "compute" and "package.Service/Method", and of what other
// tools take, "/package.Service/Method" and "package.Service.Method". kUsage:
// it is none of them.
absl::StatusOr<std::string> HandlerNameOf(absl::string_view text);

}  // namespace am::amctl
