#include "am/counters.h"

namespace am {

absl::string_view CounterName(Counter counter) {
  static constexpr std::array<absl::string_view, kCounters> kNames = {
      "calls_retried",        "calls_hedged",       "calls_cancelled",
      "calls_expired",        "sent_over_data",     "sent_over_control",
      "fell_back_to_control", "repetitions_joined", "repetitions_replayed",
      "repetitions_too_old",  "expired_on_arrival", "expired_in_queue",
      "cancelled_in_queue",   "not_admitted"};
  return kNames[static_cast<std::size_t>(counter)];
}

std::vector<std::pair<std::string, std::uint64_t>> Counters::List() const {
  std::vector<std::pair<std::string, std::uint64_t>> list;
  for (std::size_t i = 0; i < kCounters; ++i) {
    list.emplace_back(std::string(CounterName(static_cast<Counter>(i))),
                      counts_[i].load());
  }
  return list;
}

}  // namespace am
