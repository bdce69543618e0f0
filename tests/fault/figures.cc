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

std::vector<Sent> SentBy(InstanceId caller, std::vector<Sent> sent) {
  std::erase_if(sent, [caller](const Sent& message) {
    return message.sender != caller.value();
  });
  return sent;
}

std::vector<absl::Duration> TimesOfCalls(const std::vector<Sent>& sent,
                                         InstanceId target,
                                         const std::vector<Span>& spans) {
  std::vector<absl::Duration> times;
  for (const Sent& message : sent) {
    if (message.target != target.value() || !HasWorked(message)) continue;
    const bool within =
        std::any_of(spans.begin(), spans.end(), [&](const Span& span) {
          return message.begun_ns >= span.begun_ns &&
                 message.begun_ns < span.ended_ns;
        });
    if (!within || message.ended_ns == 0) continue;
    times.push_back(absl::Nanoseconds(message.ended_ns - message.begun_ns));
  }
  return times;
}

std::uint64_t CountFailed(const std::vector<Sent>& sent, InstanceId target) {
  return static_cast<std::uint64_t>(
      std::count_if(sent.begin(), sent.end(), [target](const Sent& message) {
        return message.target == target.value() && HasFailed(message);
      }));
}

double PerSecond(const std::vector<Sent>& sent) {
  std::int64_t begun = std::numeric_limits<std::int64_t>::max();
  std::int64_t ended = 0;
  for (const Sent& message : sent) {
    begun = std::min(begun, message.begun_ns);
    ended = std::max(ended, message.ended_ns);
  }
  if (ended <= begun) return 0;
  return static_cast<double>(sent.size()) * 1e9 /
         static_cast<double>(ended - begun);
}

std::string Rate(const std::vector<Sent>& sent) {
  return absl::StrFormat("%.0f k/s", PerSecond(sent) / 1000);
}

}  // namespace am::fault
