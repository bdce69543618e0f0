#include "am/cohort/cohort_options.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace am::cohort {
namespace {

void CheckPositive(const char* name, absl::Duration time,
                   std::vector<std::string>& wrong) {
  if (time > absl::ZeroDuration()) return;
  wrong.push_back(absl::StrCat(name, " is ", absl::FormatDuration(time),
                               ", not above zero"));
}

void CheckSize(const CohortSize& size, std::vector<std::string>& wrong) {
  if (size.min == 0 && size.max == 0) {
    wrong.push_back("size is required: CohortSize::Fixed or Elastic");
  } else if (size.min < 1 || size.max < size.min) {
    wrong.push_back(absl::StrCat("size is ", size.min, "..", size.max,
                                 ", not 1 <= min <= max"));
  }
}

}  // namespace

const char* FailurePolicyName(FailurePolicy policy) {
  switch (policy) {
    case FailurePolicy::kTerminateAll:
      return "terminate all";
    case FailurePolicy::kContinueDegraded:
      return "continue degraded";
    case FailurePolicy::kWaitForReplacement:
      return "wait for replacement";
    case FailurePolicy::kFailFast:
      return "fail fast";
  }
  return "unknown";
}

absl::Status Validate(const CohortOptions& options) {
  std::vector<std::string> wrong;
  if (options.name.empty()) wrong.push_back("name is empty");
  CheckSize(options.size, wrong);
  CheckPositive("heartbeat_interval", options.heartbeat_interval, wrong);
  CheckPositive("heartbeat_timeout", options.heartbeat_timeout, wrong);
  CheckPositive("shutdown_timeout", options.shutdown_timeout, wrong);
  CheckPositive("replacement_timeout", options.replacement_timeout, wrong);
  if (options.heartbeat_timeout < options.heartbeat_interval) {
    wrong.push_back("heartbeat_timeout is below heartbeat_interval");
  }
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("CohortOptions: ", absl::StrJoin(wrong, "; ")));
}

}  // namespace am::cohort
