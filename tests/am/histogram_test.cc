#include "am/histogram.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace am {
namespace {

using absl::Nanoseconds;

TEST(Histogram, IsZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(99), absl::ZeroDuration());
  EXPECT_EQ(histogram.Min(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Max(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Mean(), absl::ZeroDuration());
}

TEST(Histogram, IsExactForSmallNumbers) {
  Histogram histogram;
  for (int i = 1; i <= 60; ++i) histogram.Record(Nanoseconds(i));
  EXPECT_EQ(histogram.count(), 60u);
  EXPECT_EQ(histogram.Percentile(0), Nanoseconds(1));
  EXPECT_EQ(histogram.Percentile(50), Nanoseconds(30));
  EXPECT_EQ(histogram.Percentile(90), Nanoseconds(54));
  EXPECT_EQ(histogram.Percentile(100), Nanoseconds(60));
  EXPECT_EQ(histogram.Min(), Nanoseconds(1));
  EXPECT_EQ(histogram.Mean(), Nanoseconds(30.5));
}

TEST(Histogram, TakesAnyDuration) {
  Histogram histogram;
  histogram.Record(-absl::InfiniteDuration());
  histogram.Record(absl::InfiniteDuration());
  EXPECT_EQ(histogram.Percentile(50), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(100),
            Nanoseconds(std::numeric_limits<std::int64_t>::max()));
}

TEST(Histogram, IsNeverAboveItsMaximum) {
  Histogram histogram;
  histogram.Record(Nanoseconds(1025));
  EXPECT_EQ(histogram.Percentile(50), Nanoseconds(1025));
}

// Against sorted samples of durations that span many powers of ten.
TEST(Histogram, IsWithinOnePartOfExactPercentiles) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> spread(10, 3);
  for (const std::size_t size : {1u, 2u, 10u, 1000u, 100'000u}) {
    Histogram histogram;
    std::vector<std::int64_t> samples(size);
    for (std::int64_t& sample : samples) {
      sample = static_cast<std::int64_t>(spread(random));
      histogram.Record(Nanoseconds(sample));
    }
    std::sort(samples.begin(), samples.end());
    for (const double percent :
         {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const double rank = std::ceil(percent / 100 * static_cast<double>(size));
      const std::int64_t exact =
          samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
      const std::int64_t found =
          absl::ToInt64Nanoseconds(histogram.Percentile(percent));
      EXPECT_GE(found, exact) << size << " " << percent;
      EXPECT_LE(found, exact + exact / 32) << size << " " << percent;
    }
    EXPECT_EQ(histogram.Max(), Nanoseconds(samples.back()));
    EXPECT_EQ(histogram.Min(), Nanoseconds(samples.front()));
  }
}

TEST(Histogram, MergedIsAsIfRecordedTogether) {
  Histogram together, even, odd;
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration sample = absl::Microseconds(i * i);
    together.Record(sample);
    (i % 2 == 0 ? even : odd).Record(sample);
  }
  Histogram merged;
  merged.Merge(odd);
  merged.Merge(Histogram());
  merged.Merge(even);
  EXPECT_EQ(merged.ToString(), together.ToString());
  EXPECT_EQ(merged.Min(), together.Min());
}

TEST(Histogram, Prints) {
  Histogram histogram;
  for (int i = 0; i < 10; ++i) histogram.Record(absl::Microseconds(1));
  histogram.Record(absl::Microseconds(12));
  EXPECT_EQ(histogram.ToString(),
            "n=11 mean=2us p50=1.007us p90=1.007us p99=12us p99.9=12us "
            "max=12us");
}

}  // namespace
}  // namespace am
