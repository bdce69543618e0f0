// Histogram: how long things took, with percentiles, in 15 KiB.
//
// Log-linear, after HdrHistogram (Tene): each power of two of nanoseconds is
// divided into 32 equal parts, so that a percentile is at most 1/32 (3.2 %)
// above the exact one, whatever its size. Below 64 ns it is exact.
//
//   Histogram latency;
//   latency.Record(clock.Now() - sent);
//   latency.Percentile(99.9);
//
// A value. Threads: one at a time; threads that measure have one each, to be
// merged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace am {

class Histogram {
 public:
  // Below zero counts as zero, more than 292 years as those.
  void Record(absl::Duration duration);

  void Merge(const Histogram& other);

  std::uint64_t count() const { return count_; }

  // The least duration that `percent` of all are not above, rounded up to the
  // end of its part but never above Max(). Zero if there are none.
  // REQUIRES: 0 <= percent <= 100.
  absl::Duration Percentile(double percent) const;

  // Exact; zero if there are none.
  absl::Duration Min() const;
  absl::Duration Max() const;
  absl::Duration Mean() const;

  // "n=1000 mean=1.2us p50=1us p90=2us p99=5us p99.9=9us max=12us"
  std::string ToString() const;

 private:
  static constexpr int kPartBits = 5;
  static constexpr std::size_t kBuckets = (64 - kPartBits) << kPartBits;

  static std::size_t BucketOf(std::uint64_t nanoseconds);
  static std::uint64_t LastOf(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace am
