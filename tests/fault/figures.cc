#include "tests/fault/figures.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"

namespace am::fault {
namespace {

bool HasFailed(const Sent& sent) {
  return sent.pattern == Pattern::kNoReturn ? !sent.accepted : sent.code != 0;
}

bool HasWorked(const Sent& sent) {
  return sent.pattern != Pattern::kNoReturn && sent.code == 0;
}

absl::Duration FirstAfter(const std::vector<Sent>& sent, InstanceId target,
                          std::int64_t since_ns,
                          bool (*is_meant)(const Sent&)) {
  absl::Duration first = absl::InfiniteDuration();
  for (const Sent& message : sent) {
    // One that has not ended has the time 0.
    if (message.target == target.value() && message.ended_ns > since_ns &&
        is_meant(message)) {
      first = std::min(first, absl::Nanoseconds(message.ended_ns - since_ns));
    }
  }
  return first;
}

}  // namespace

absl::Duration FailedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns) {
  return FirstAfter(sent, target, since_ns, HasFailed);
}

absl::Duration WorkedAfter(const std::vector<Sent>& sent, InstanceId target,
                           std::int64_t since_ns) {
  return FirstAfter(sent, target, since_ns, HasWorked);
}

std::string Rate(const std::vector<Sent>& sent) {
  std::int64_t begun = std::numeric_limits<std::int64_t>::max();
  std::int64_t ended = 0;
  for (const Sent& message : sent) {
    begun = std::min(begun, message.begun_ns);
    ended = std::max(ended, message.ended_ns);
  }
  if (ended <= begun) return "0 k/s";
  return absl::StrFormat("%.0f k/s", static_cast<double>(sent.size()) * 1e6 /
                                         static_cast<double>(ended - begun));
}

}  // namespace am::fault
