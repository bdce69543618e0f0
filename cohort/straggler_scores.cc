#include "am/cohort/straggler_scores.h"

#include <algorithm>
#include <cstddef>

namespace am::cohort {
namespace {

// The weight of the latest operation.
constexpr double kWeight = 0.2;

// Below this, differences are those of the machine's own work.
constexpr absl::Duration kShortest = absl::Microseconds(100);

}  // namespace

void StragglerScores::Note(
    const std::vector<std::pair<int, absl::Duration>>& times) {
  if (times.size() < 2) return;
  std::vector<absl::Duration> sorted;
  for (const auto& [rank, time] : times) sorted.push_back(time);
  const auto middle =
      sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const absl::Duration median = std::max(*middle, kShortest);
  for (const auto& [rank, time] : times) {
    const double relative =
        absl::FDivDuration(std::max(time, kShortest), median);
    const auto [score, is_new] = scores_.emplace(rank, relative);
    if (!is_new) score->second += kWeight * (relative - score->second);
  }
}

double StragglerScores::Of(int rank) const {
  const auto found = scores_.find(rank);
  return found == scores_.end() ? 1 : found->second;
}

}  // namespace am::cohort
