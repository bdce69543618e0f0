// What amctl's exit code says, and statuses that carry one.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace am::amctl {

enum class ExitCode : std::uint8_t {
  kOk = 0,
  kFailed = 1,      // a handler answered with an error, or something was lost
  kUsage = 2,       // the arguments are wrong, or the JSON among them
  kNotReached = 3,  // nothing answers at an address
  kNotFound = 4,    // no such instance, handler or type
  kTimeout = 5,     // not within --timeout
  kInterrupted = 130,
};

// For --help.
inline constexpr char kExitCodes[] =
    "Exit codes:\n"
    "  0    done\n"
    "  1    a handler answered with an error, or a ping was lost\n"
    "  2    the arguments are wrong, or the JSON among them\n"
    "  3    nothing answers at an address\n"
    "  4    no such instance, handler or type\n"
    "  5    not done within --timeout\n"
    "  130  interrupted";

// A failure that ends with `code`.
absl::Status Fail(ExitCode code, absl::string_view message);

// `status` with another text, details and all.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

// What Fail said, or else what follows from the code of a call's status.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace am::amctl
