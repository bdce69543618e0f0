#include "am/call/retries.h"

#include "am/fraction.h"

namespace am {

bool Retries::TryAgain(Repeatable& call, const absl::Status& status,
                       AttemptEnd end, absl::Time now) {
  const bool is_harmless =
      end != AttemptEnd::kRan || (call.header.flags & kRetryable) != 0;
  if (end != AttemptEnd::kUnsent) call.may_have_run = true;
  if (!is_harmless || !call.policy.codes.Contains(status.code())) return false;
  if (call.waits()) return true;
  if (call.attempts >= call.policy.max_attempts) return false;
  const absl::Time due =
      now + BackoffBefore(call.policy, call.attempts + 1, Fraction(random_));
  if (due >= call.deadline) return false;
  call.due = due;
  waiting_.emplace(due, call.header.call_id);
  return true;
}

void Retries::Remove(Repeatable& call) {
  if (!call.waits()) return;
  waiting_.erase({call.due, call.header.call_id});
  call.due = absl::InfinitePast();
}

std::vector<std::uint64_t> Retries::TakeDue(absl::Time now) {
  std::vector<std::uint64_t> due;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    due.push_back(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  return due;
}

absl::Time Retries::NextDue() const {
  return waiting_.empty() ? absl::InfiniteFuture() : waiting_.begin()->first;
}

void Retries::Begin(Repeatable& call) {
  call.due = absl::InfinitePast();
  ++call.attempts;
  if (call.may_have_run) call.header.flags |= kRepeated;
}

}  // namespace am
