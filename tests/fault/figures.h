// Figures: what the callers' journals say about time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "am/instance_id.h"
#include "tests/fault/records.h"

namespace am::fault {

// From one moment to another, by NowNs.
struct Span {
  std::int64_t begun_ns = 0;
  std::int64_t ended_ns = 0;
};

// How long after `since_ns` the first message to `target` ended otherwise than
// OK, of those that ended later; for ever, if none did.
absl::Duration FailedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns);

// How long after `since_ns` the first call of `target` ended with OK, of those
// that ended later; for ever, if none did.
absl::Duration WorkedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns);

// What one caller of several has sent.
std::vector<Sent> SentBy(InstanceId caller, std::vector<Sent> sent);

// How long the calls of `target` took that began in one of the spans and ended
// with OK.
std::vector<absl::Duration> TimesOfCalls(const std::vector<Sent>& sent,
                                         InstanceId target,
                                         const std::vector<Span>& spans);

// How many messages to `target` ended otherwise than OK.
std::uint64_t CountFailed(const std::vector<Sent>& sent, InstanceId target);

// Messages a second, from the first to the end of the last; and "61 k/s".
double PerSecond(const std::vector<Sent>& sent);
std::string Rate(const std::vector<Sent>& sent);

}  // namespace am::fault
