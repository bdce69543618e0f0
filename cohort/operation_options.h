// OperationOptions: what one operation of a cohort may ask for.
#pragma once

#include <cstdint>
#include <type_traits>

#include "absl/time/time.h"
#include "am/call_options.h"
#include "am/cohort/ranks.h"

namespace am::cohort {

enum class OnFailure : std::uint8_t {
  kAwaitAll,
  kCancelRest,  // the first failure cancels all others, at the workers too
};

// In which order one-way messages leave. It matters where a queue is full and
// WhenFull::kWait waits for room.
enum class SendOrder : std::uint8_t {
  kByRank,  // those after it wait as well
  kAtOnce,  // nobody waits for it: it comes last
};

// REQUIRES: trivially destructible, as CallOptions is.
struct OperationOptions {
  // For all ranks together; zero: what the contract says, else 30 s.
  absl::Duration timeout = absl::ZeroDuration();

  Ranks ranks = Ranks::All();
  OnFailure on_failure = OnFailure::kAwaitAll;
  WhenFull when_full = WhenFull::kRefuse;
  SendOrder order = SendOrder::kByRank;
};

static_assert(std::is_trivially_destructible_v<OperationOptions>);

}  // namespace am::cohort
