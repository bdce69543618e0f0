#include "am/context.h"

#include <algorithm>

#include "am/clock.h"

namespace am {

Metadata Context::metadata() const {
  // The frame was refused if these were not metadata.
  return DecodeMetadata(origin_.metadata).value_or(Metadata());
}

absl::Duration Context::remaining() const {
  return std::max(origin_.deadline - clock_.Now(), absl::ZeroDuration());
}

bool Context::cancelled() const {
  return stop_.stop_requested() || clock_.Now() >= origin_.deadline;
}

}  // namespace am
