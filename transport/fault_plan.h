// FaultPlan: what befalls the frames of one lane, decided by a seed.
//
// The same on every platform and in every run: SplitMix64 (Steele, Lea, Flood:
// Fast Splittable Pseudorandom Number Generators, 2014), nothing of the
// standard library or Abseil.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace am::transport {

// Probabilities are those of each frame. At most one fault befalls a frame.
struct FaultOptions {
  std::uint64_t seed = 1;
  double drop = 0;
  double duplicate = 0;
  double delay = 0;
  double reorder = 0;
  absl::Duration delay_min = absl::Milliseconds(1);
  absl::Duration delay_max = absl::Milliseconds(10);

  // Frames that are sent before and after that are spared.
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();

  // How many frames of one lane may wait before TrySend says would-block.
  std::size_t waiting_frames = 1000;
};

enum class Fault { kNone, kDrop, kDuplicate, kDelay, kReorder };

struct Fate {
  Fault fault = Fault::kNone;
  absl::Duration delay;  // of kDelay and kReorder, otherwise zero
};

// The faults that a transport has injected.
struct FaultCounts {
  std::uint64_t dropped = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t delayed = 0;
  std::uint64_t reordered = 0;
  std::uint64_t swallowed = 0;  // by a silent cut
  std::uint64_t lanes_cut = 0;  // by a loud one

  FaultCounts& operator+=(const FaultCounts& other);
};

// A value, as thread-safe as an int.
class FaultPlan {
 public:
  // `lane` counts the lanes of a transport; each has a sequence of its own.
  FaultPlan(const FaultOptions& options, std::uint64_t lane);

  Fate Next();

 private:
  double Fraction();

  FaultOptions options_;
  std::uint64_t state_;
};

}  // namespace am::transport
