// Sample: what one contestant did in one round, and how samples are compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bench/cpu_meter.h"

namespace am::bench {

struct Metric {
  std::string name;  // with its unit: "p50_us"
  double value = 0;
};

// Whether more of a metric is better, as of "msgs_per_s".
bool MoreIsBetter(absl::string_view metric);

struct Sample {
  std::vector<Metric> metrics = {};
  std::vector<double> curve = {};  // percentiles 1 to 100 in us, if timed
  double others = 0;               // processors that other processes kept busy
  bool disturbed = false;

  // Zero if there is no metric of that name.
  double Get(absl::string_view metric) const;
};

// How many operations there were: msgs_per_s, and cpu_us_per_op of both
// processes. REQUIRES: operations > 0.
Sample ThroughputSample(std::size_t operations, const CpuUse& use);

// The same, and before it how long each took: p50_us, mean_us, p99_us, and the
// curve. REQUIRES: `nanoseconds` is not empty.
Sample LatencySample(std::vector<std::int64_t> nanoseconds, const CpuUse& use);

// What two processes used while nothing was asked of them: cpu_percent of one
// processor.
Sample IdleSample(const CpuUse& use);

// The middle of `values`; between the two of an even number. Zero for none.
double Median(std::vector<double> values);
double Median(const std::vector<Sample>& samples, absl::string_view metric);

// Ours divided by the peer's, in each round: drift of the machine hits both
// and cancels out.
struct Ratio {
  double median = 0;
  double low = 0;
  double high = 0;
};

// REQUIRES: as many samples of one as of the other.
Ratio Compare(const std::vector<Sample>& ours, const std::vector<Sample>& peer,
              absl::string_view metric);

}  // namespace am::bench
