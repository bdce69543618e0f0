// WorkerOptions: everything that can be set about a worker, in one place. A
// value, which the worker copies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "am/cohort/view.h"

namespace am::cohort {

// What a worker does when its leader is lost, or counts it in no more.
enum class LeaderLossPolicy : std::uint8_t {
  kEnd,          // AwaitEnd returns
  kAwaitReturn,  // joins again, this leader or the next one at its address, for
                 // up to `leader_return_timeout`; without success, as kEnd
  kServeOn,      // goes on serving whoever calls
};

struct WorkerOptions {
  // The leader's address. Empty: whoever leads according to the directory
  // (ManagerOptions::directory); leaders say which cohort they lead by the
  // label "cohort" (ManagerOptions::labels).
  std::string leader = {};

  // The name of the cohort; empty: whichever it is.
  std::string cohort = {};

  // Without: the order of joining decides.
  std::optional<int> rank = {};
  Labels labels = {};

  // How long to go on trying, also while there is no leader yet.
  absl::Duration join_timeout = absl::Seconds(60);

  LeaderLossPolicy leader_loss = LeaderLossPolicy::kEnd;
  absl::Duration leader_return_timeout = absl::Seconds(60);

  // Called once, on one of the framework's threads: the leader asks us to
  // leave; it did so in vain and now we are to end at all costs, for which a
  // process may exit. Neither may block for long.
  std::function<void()> on_end = {};
  std::function<void()> on_forced_end = {};
};

}  // namespace am::cohort
