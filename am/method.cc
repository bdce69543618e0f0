#include "am/method.h"

namespace am {

absl::string_view PatternName(Pattern pattern) {
  switch (pattern) {
    case Pattern::kNoReturn:
      return "NO_RETURN";
    case Pattern::kAck:
      return "ACK";
    case Pattern::kResponse:
      return "RESPONSE";
  }
  return "UNKNOWN";
}

}  // namespace am
