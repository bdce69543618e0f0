#include "am/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace am {
namespace {

absl::Duration FromNanoseconds(std::uint64_t nanoseconds) {
  return absl::Nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace

// The position of the leading bit gives the power of two, and the bits after it
// the part. What has no more bits than a part is its own bucket.
std::size_t Histogram::BucketOf(std::uint64_t nanoseconds) {
  const auto bits = static_cast<int>(std::bit_width(nanoseconds));
  if (bits <= kPartBits + 1) return nanoseconds;
  const int shift = bits - kPartBits - 1;
  return (static_cast<std::size_t>(shift) << kPartBits) +
         (nanoseconds >> shift);
}

// The largest number in a bucket.
std::uint64_t Histogram::LastOf(std::size_t bucket) {
  constexpr std::uint64_t kParts = 1 << kPartBits;
  if (bucket < 2 * kParts) return bucket;
  const std::uint64_t shift = bucket / kParts - 1;
  return ((bucket - shift * kParts + 1) << shift) - 1;
}

void Histogram::Record(absl::Duration duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, absl::ToInt64Nanoseconds(duration)));
  ++buckets_[BucketOf(nanoseconds)];
  min_ = count_ == 0 ? nanoseconds : std::min(min_, nanoseconds);
  max_ = std::max(max_, nanoseconds);
  sum_ += static_cast<double>(nanoseconds);
  ++count_;
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

absl::Duration Histogram::Percentile(double percent) const {
  if (count_ == 0) return absl::ZeroDuration();
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(
             std::ceil(percent / 100 * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return FromNanoseconds(std::min(LastOf(i), max_));
  }
  return Max();
}

absl::Duration Histogram::Min() const { return FromNanoseconds(min_); }

absl::Duration Histogram::Max() const { return FromNanoseconds(max_); }

absl::Duration Histogram::Mean() const {
  if (count_ == 0) return absl::ZeroDuration();
  return absl::Nanoseconds(sum_ / static_cast<double>(count_));
}

std::string Histogram::ToString() const {
  std::string text =
      absl::StrCat("n=", count_, " mean=", absl::FormatDuration(Mean()));
  for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
    absl::StrAppend(&text, " p", percent, "=",
                    absl::FormatDuration(Percentile(percent)));
  }
  absl::StrAppend(&text, " max=", absl::FormatDuration(Max()));
  return text;
}

}  // namespace am
