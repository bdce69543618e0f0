// Figures: what the callers' journals say about time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "am/instance_id.h"
#include "tests/fault/records.h"

namespace am::fault {

// How long after `since_ns` the first message to `target` ended otherwise than
// OK, of those that ended later; for ever, if none did.
absl::Duration FailedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns);

// How long after `since_ns` the first call of `target` ended with OK, of those
// that ended later; for ever, if none did.
absl::Duration WorkedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns);

// "61 k/s": messages sent in the time from the first to the end of the last.
std::string Rate(const std::vector<Sent>& sent);

}  // namespace am::fault
