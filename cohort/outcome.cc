#include "am/cohort/outcome.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace am::cohort {

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "OK";
    case Outcome::kHandlerError:
      return "handler error";
    case Outcome::kLate:
      return "late";
    case Outcome::kLost:
      return "lost";
    case Outcome::kRejected:
      return "rejected";
    case Outcome::kNeverJoined:
      return "never joined";
    case Outcome::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

namespace internal {

std::string OutcomeLine(int rank, Outcome outcome, absl::Duration took,
                        const absl::Status& status) {
  const std::string what =
      status.ok() ? std::string() : absl::StrCat("  ", status.ToString());
  return absl::StrFormat("rank %-3d %-13s %8.2f ms%s\n", rank,
                         OutcomeName(outcome), absl::ToDoubleMilliseconds(took),
                         what);
}

}  // namespace internal
}  // namespace am::cohort
