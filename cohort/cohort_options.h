// CohortOptions: everything that can be set about a cohort, in one place. A
// value, which its leader copies.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace am::cohort {

struct View;

// How many workers.
struct CohortSize {
  int min = 0;  // from which on it is complete
  int max = 0;

  static constexpr CohortSize Fixed(int workers) { return {workers, workers}; }
  static constexpr CohortSize Elastic(int min, int max) { return {min, max}; }

  bool is_fixed() const { return min == max; }
};

// What follows when a worker is lost and fewer than CohortSize::min are left.
// Until the cohort has been complete for the first time, the place is free
// again and nothing follows.
enum class FailurePolicy : std::uint8_t {
  // Operations are cancelled, the others are asked to leave and, after
  // `shutdown_timeout`, forced to.
  kTerminateAll,

  // The others go on; whoever is lost may be replaced at any time.
  kContinueDegraded,

  // New operations wait for a replacement, up to `replacement_timeout`; without
  // one, as kTerminateAll.
  kWaitForReplacement,

  // Operations are cancelled and no more are begun. What becomes of the others
  // is their leader's decision.
  kFailFast,
};

// "terminate all"
const char* FailurePolicyName(FailurePolicy policy);

struct CohortOptions {
  // A worker that asks for another one is refused.
  std::string name = "cohort";

  // Required.
  CohortSize size = {};

  FailurePolicy failure_policy = FailurePolicy::kTerminateAll;
  absl::Duration replacement_timeout = absl::Seconds(60);

  // A worker is asked for a sign of life this often, and asks its leader; who
  // gave none for the timeout is lost. A process that died, or hangs, is
  // noticed earlier (LinkOptions::heartbeat_interval).
  absl::Duration heartbeat_interval = absl::Seconds(30);
  absl::Duration heartbeat_timeout = absl::Seconds(120);

  // How long workers that are asked to leave may take, before they are forced.
  absl::Duration shutdown_timeout = absl::Seconds(60);

  // Stopped by the cohort when it has ended; whoever else stops it ends it.
  std::stop_source cancel = std::stop_source();

  // Hears of each new epoch, in order, one at a time, under no lock. It should
  // be quick.
  std::function<void(const View&)> on_change = {};
};

// INVALID_ARGUMENT, with all that is wrong.
absl::Status Validate(const CohortOptions& options);

}  // namespace am::cohort
