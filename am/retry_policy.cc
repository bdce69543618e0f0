#include "am/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace am {

absl::Duration BackoffBefore(const RetryPolicy& policy, int attempt,
                             double random) {
  if (attempt < 2) return absl::ZeroDuration();
  // In seconds, where a power that is too large becomes infinite.
  const double longest =
      std::min(absl::ToDoubleSeconds(policy.initial_backoff) *
                   std::pow(policy.multiplier, attempt - 2),
               absl::ToDoubleSeconds(policy.max_backoff));
  // Neither negative nor not a number.
  return longest > 0 ? absl::Seconds(longest * random) : absl::ZeroDuration();
}

}  // namespace am
