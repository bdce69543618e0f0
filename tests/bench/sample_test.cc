#include "bench/sample.h"

#include <unistd.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "am/examples/child_process.h"
#include "bench/memory_meter.h"
#include "gtest/gtest.h"

namespace am::bench {
namespace {

std::vector<Sample> WithP50(const std::vector<double>& values) {
  std::vector<Sample> samples;
  for (const double value : values) {
    samples.push_back({.metrics = {{"p50_us", value}}});
  }
  return samples;
}

CpuUse Use(absl::Duration elapsed, absl::Duration others) {
  return {.elapsed = elapsed, .measured = {}, .others = others};
}

TEST(Sample, PercentilesAreValuesThatOccurred) {
  std::vector<std::int64_t> nanoseconds(100);
  std::iota(nanoseconds.rbegin(), nanoseconds.rend(), 1);
  for (std::int64_t& value : nanoseconds) value *= 1000;
  const Sample sample =
      LatencySample(nanoseconds, {.elapsed = absl::Seconds(1),
                                  .measured = absl::Microseconds(700),
                                  .others = absl::ZeroDuration()});
  EXPECT_DOUBLE_EQ(sample.Get("p50_us"), 50);
  EXPECT_DOUBLE_EQ(sample.Get("p99_us"), 99);
  EXPECT_DOUBLE_EQ(sample.Get("mean_us"), 50.5);
  EXPECT_DOUBLE_EQ(sample.Get("msgs_per_s"), 100);
  EXPECT_DOUBLE_EQ(sample.Get("cpu_us_per_op"), 7);
  EXPECT_EQ(sample.curve.size(), 100);
  EXPECT_DOUBLE_EQ(sample.curve[49], 50);
  EXPECT_FALSE(sample.disturbed);
}

TEST(Sample, OneOperationIsEnough) {
  const Sample sample = LatencySample({2000}, Use(absl::Seconds(1), {}));
  EXPECT_DOUBLE_EQ(sample.Get("p50_us"), 2);
  EXPECT_DOUBLE_EQ(sample.Get("p99_us"), 2);
}

TEST(Sample, OperationsThatWereNotTimedAreCounted) {
  const Sample sample = ThroughputSample(10, Use(absl::Seconds(2), {}));
  EXPECT_DOUBLE_EQ(sample.Get("msgs_per_s"), 5);
  EXPECT_DOUBLE_EQ(sample.Get("p50_us"), 0);
  EXPECT_TRUE(sample.curve.empty());
}

TEST(Sample, IdleIsAShareOfOneProcessor) {
  const Sample sample = IdleSample({.elapsed = absl::Seconds(2),
                                    .measured = absl::Milliseconds(10),
                                    .others = absl::ZeroDuration()});
  EXPECT_DOUBLE_EQ(sample.Get("cpu_percent"), 0.5);
  EXPECT_DOUBLE_EQ(sample.Get("p50_us"), 0);
}

TEST(Sample, IsDisturbedByATenthOfAProcessor) {
  EXPECT_FALSE(Use(absl::Seconds(2), absl::Milliseconds(199)).disturbed());
  EXPECT_TRUE(Use(absl::Seconds(2), absl::Milliseconds(201)).disturbed());
}

TEST(Sample, IsTooShortToSay) {
  EXPECT_FALSE(Use(absl::Milliseconds(20), absl::Milliseconds(20)).disturbed());
}

TEST(Median, IsTheMiddle) {
  EXPECT_DOUBLE_EQ(Median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(Median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(Median({}), 0);
}

TEST(Compare, IsTheMedianOfRatiosNotTheRatioOfMedians) {
  const Ratio ratio =
      Compare(WithP50({100, 300, 50}), WithP50({100, 200, 10}), "p50_us");
  EXPECT_DOUBLE_EQ(ratio.median, 1.5);
  EXPECT_DOUBLE_EQ(ratio.low, 1);
  EXPECT_DOUBLE_EQ(ratio.high, 5);
}

TEST(CpuMeter, CountsThisProcess) {
  const CpuMeter meter(getpid());
  while (meter.Stop().measured < absl::Milliseconds(5)) {
  }
  const CpuUse use = meter.Stop();
  EXPECT_GE(use.elapsed, absl::Milliseconds(5));
  EXPECT_GE(use.measured, absl::Milliseconds(5));
}

TEST(CpuMeter, CountsOthersButNotThePeer) {
  const std::vector<std::string> busy = {"/bin/sh", "-c",
                                         "while :; do :; done"};
  const auto stranger = examples::ChildProcess::Start(busy);
  const auto peer = examples::ChildProcess::Start(busy);
  ASSERT_TRUE(stranger.ok() && peer.ok());
  const CpuMeter meter(peer->pid());
  while (meter.Stop().others < absl::Milliseconds(50)) {
  }
  while (meter.Stop().measured < absl::Milliseconds(50)) {
  }
}

TEST(MemoryMeter, SeesWhatWasThereInBetween) {
  constexpr std::size_t kBytes = std::size_t{32} << 20;
  const MemoryMeter meter(getpid());
  { const std::vector<char> taken(kBytes, 'x'); }
  EXPECT_GE(meter.PeakMb(), 31);
  EXPECT_LT(MemoryMeter(getpid()).PeakMb(), 16);
}

TEST(MemoryMeter, AProcessThatIsGoneTakesNothing) {
  constexpr pid_t kNobody = 1 << 30;
  EXPECT_DOUBLE_EQ(MemoryMeter(kNobody).PeakMb(), 0);
}

}  // namespace
}  // namespace am::bench
