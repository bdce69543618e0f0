#include "am/transport/fault_plan.h"

namespace am::transport {
namespace {

std::uint64_t SplitMix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  dropped += other.dropped;
  duplicated += other.duplicated;
  delayed += other.delayed;
  reordered += other.reordered;
  swallowed += other.swallowed;
  lanes_cut += other.lanes_cut;
  return *this;
}

FaultPlan::FaultPlan(const FaultOptions& options, std::uint64_t lane)
    : options_(options), state_(options.seed) {
  state_ = SplitMix64(state_) + lane;
  state_ = SplitMix64(state_);
}

Fate FaultPlan::Next() {
  double left = Fraction();
  const auto falls_to = [&left](double probability) {
    left -= probability;
    return left < 0;
  };
  if (falls_to(options_.drop)) return {Fault::kDrop, {}};
  if (falls_to(options_.duplicate)) return {Fault::kDuplicate, {}};
  if (falls_to(options_.delay)) {
    const absl::Duration spread = options_.delay_max - options_.delay_min;
    return {Fault::kDelay, options_.delay_min + Fraction() * spread};
  }
  if (falls_to(options_.reorder)) return {Fault::kReorder, options_.delay_max};
  return {};
}

// From [0, 1).
double FaultPlan::Fraction() {
  return static_cast<double>(SplitMix64(state_) >> 11) * 0x1.0p-53;
}

}  // namespace am::transport
