#include "bench/sample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"

namespace am::bench {
namespace {

// The smallest value that `percent` of them do not exceed (nearest rank), in
// microseconds.
double PercentileUs(const std::vector<std::int64_t>& sorted, double percent) {
  const auto rank = static_cast<std::size_t>(
      std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max(rank, std::size_t{1}) - 1]) / 1e3;
}

Sample SampleOf(std::vector<Metric> metrics, const CpuUse& use) {
  return {.metrics = std::move(metrics),
          .others = absl::FDivDuration(use.others, use.elapsed),
          .disturbed = use.disturbed()};
}

}  // namespace

bool MoreIsBetter(absl::string_view metric) {
  return absl::EndsWith(metric, "_per_s");
}

double Sample::Get(absl::string_view metric) const {
  for (const Metric& one : metrics) {
    if (one.name == metric) return one.value;
  }
  return 0;
}

Sample ThroughputSample(std::size_t operations, const CpuUse& use) {
  const auto count = static_cast<double>(operations);
  return SampleOf(
      {{"msgs_per_s", count / absl::ToDoubleSeconds(use.elapsed)},
       {"cpu_us_per_op", absl::ToDoubleMicroseconds(use.measured) / count}},
      use);
}

Sample LatencySample(std::vector<std::int64_t> nanoseconds, const CpuUse& use) {
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto sum =
      std::accumulate(nanoseconds.begin(), nanoseconds.end(), std::int64_t{0});
  const double mean =
      static_cast<double>(sum) / static_cast<double>(nanoseconds.size());
  Sample sample = ThroughputSample(nanoseconds.size(), use);
  sample.metrics.insert(sample.metrics.begin(),
                        {{"p50_us", PercentileUs(nanoseconds, 50)},
                         {"mean_us", mean / 1e3},
                         {"p99_us", PercentileUs(nanoseconds, 99)}});
  for (int percent = 1; percent <= 100; ++percent) {
    sample.curve.push_back(PercentileUs(nanoseconds, percent));
  }
  return sample;
}

Sample IdleSample(const CpuUse& use) {
  const double share = absl::FDivDuration(use.measured, use.elapsed);
  return SampleOf({{"cpu_percent", 100 * share}}, use);
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double Median(const std::vector<Sample>& samples, absl::string_view metric) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.Get(metric));
  return Median(std::move(values));
}

Ratio Compare(const std::vector<Sample>& ours, const std::vector<Sample>& peer,
              absl::string_view metric) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < ours.size(); ++round) {
    ratios.push_back(ours[round].Get(metric) / peer[round].Get(metric));
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  if (ratios.empty()) return {};
  return {Median(ratios), *low, *high};
}

}  // namespace am::bench
