// Counters: what happened to calls and messages that is not an error by itself,
// counted for those who look after an instance.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace am {

enum class Counter : std::uint8_t {
  // Of calls made here.
  kRetried,    // attempts begun after a call's first
  kHedged,     // calls made to a second instance as well
  kCancelled,  // by who made them, or with the handler that made them
  kExpired,    // ended at their deadline

  // Of messages of ours, and of each attempt of a call.
  kSentOverData,
  kSentOverControl,
  kFellBack,  // of the latter: for want of a connection

  // Of calls of others, sent again.
  kJoined,    // while the first still ran
  kReplayed,  // answered from the window
  kTooOld,    // answered ABORTED: the window does not reach back so far

  // Of messages that did not run.
  kExpiredOnArrival,
  kExpiredInQueue,
  kCancelledInQueue,
  kNotAdmitted,  // HandlerTable::SetAdmission
};
inline constexpr std::size_t kCounters = 14;

// "calls_retried"; fit for the name of a metric.
absl::string_view CounterName(Counter counter);

class Counters {
 public:
  void Count(Counter counter) {
    counts_[static_cast<std::size_t>(counter)].fetch_add(
        1, std::memory_order_relaxed);
  }

  std::uint64_t of(Counter counter) const {
    return counts_[static_cast<std::size_t>(counter)].load();
  }

  // All of them, by name.
  std::vector<std::pair<std::string, std::uint64_t>> List() const;

 private:
  std::array<std::atomic<std::uint64_t>, kCounters> counts_{};
};

}  // namespace am
