#include "bench/sample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace am::bench {
namespace {

// The smallest value that `percent` of them do not exceed (nearest rank), in
// microseconds.
double PercentileUs(const std::vector<std::int64_t>& sorted, double percent) {
  const auto rank = static_cast<std::size_t>(
      std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max(rank, std::size_t{1}) - 1]) / 1e3;
}

}  // namespace

Sample MakeSample(std::vector<std::int64_t> nanoseconds, const CpuUse& use) {
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto count = static_cast<double>(nanoseconds.size());
  const auto sum =
      std::accumulate(nanoseconds.begin(), nanoseconds.end(), std::int64_t{0});
  return {
      .p50_us = PercentileUs(nanoseconds, 50),
      .mean_us = static_cast<double>(sum) / count / 1e3,
      .p99_us = PercentileUs(nanoseconds, 99),
      .cpu_us_per_op = absl::ToDoubleMicroseconds(use.measured) / count,
      .others = absl::FDivDuration(use.others, use.elapsed),
      .disturbed = use.disturbed(),
  };
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double Median(const std::vector<Sample>& samples, double Sample::*value) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*value);
  return Median(std::move(values));
}

Ratio Compare(const std::vector<Sample>& ours, const std::vector<Sample>& peer,
              double Sample::*value) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < ours.size(); ++round) {
    ratios.push_back(ours[round].*value / peer[round].*value);
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  if (ratios.empty()) return {};
  return {Median(ratios), *low, *high};
}

}  // namespace am::bench
