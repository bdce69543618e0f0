#include "tools/amctl/exit_code.h"

#include <optional>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "am/control/grpc_caller.h"

namespace am::amctl {
namespace {

constexpr absl::string_view kPayload = "am.amctl/exit_code";

absl::StatusCode StatusCodeOf(ExitCode code) {
  switch (code) {
    case ExitCode::kOk:
      return absl::StatusCode::kOk;
    case ExitCode::kFailed:
      return absl::StatusCode::kFailedPrecondition;
    case ExitCode::kUsage:
      return absl::StatusCode::kInvalidArgument;
    case ExitCode::kNotReached:
      return absl::StatusCode::kUnavailable;
    case ExitCode::kNotFound:
      return absl::StatusCode::kNotFound;
    case ExitCode::kTimeout:
      return absl::StatusCode::kDeadlineExceeded;
    case ExitCode::kInterrupted:
      return absl::StatusCode::kCancelled;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

absl::Status Fail(ExitCode code, absl::string_view message) {
  absl::Status status(StatusCodeOf(code), message);
  status.SetPayload(kPayload, absl::Cord(absl::StrCat(static_cast<int>(code))));
  return status;
}

absl::Status WithMessage(const absl::Status& status,
                         absl::string_view message) {
  absl::Status result(status.code(), message);
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& value) {
    result.SetPayload(type, value);
  });
  return result;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  int code = 0;
  const auto payload = status.GetPayload(kPayload);
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &code)) {
    return static_cast<ExitCode>(code);
  }
  if (control::WasNotReached(status)) return ExitCode::kNotReached;
  if (absl::IsDeadlineExceeded(status)) return ExitCode::kTimeout;
  if (absl::IsCancelled(status)) return ExitCode::kInterrupted;
  return ExitCode::kFailed;
}

}  // namespace am::amctl
