// Sample: what one contestant did in one round, and how samples are compared.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cpu_meter.h"

namespace am::bench {

struct Sample {
  double p50_us = 0;
  double mean_us = 0;
  double p99_us = 0;
  double cpu_us_per_op = 0;  // of both processes
  double others = 0;         // processors that other processes kept busy
  bool disturbed = false;
};

// What reports show of samples, in this order.
struct Metric {
  const char* name;
  double Sample::*value;
};
inline constexpr Metric kMetrics[] = {
    {"p50_us", &Sample::p50_us},
    {"mean_us", &Sample::mean_us},
    {"p99_us", &Sample::p99_us},
    {"cpu_us_per_op", &Sample::cpu_us_per_op},
};

// REQUIRES: `nanoseconds`, of each operation, is not empty.
Sample MakeSample(std::vector<std::int64_t> nanoseconds, const CpuUse& use);

// The middle of `values`; between the two of an even number. Zero for none.
double Median(std::vector<double> values);
double Median(const std::vector<Sample>& samples, double Sample::*value);

// Ours divided by the peer's, in each round: drift of the machine hits both
// and cancels out.
struct Ratio {
  double median = 0;
  double low = 0;
  double high = 0;
};

// REQUIRES: as many samples of one as of the other.
Ratio Compare(const std::vector<Sample>& ours, const std::vector<Sample>& peer,
              double Sample::*value);

}  // namespace am::bench
