// Dice: choices that follow from a seed alone.
//
// A value, as thread-safe as an int.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"

namespace am::fault {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  // From [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  // True in `percent` cases of a hundred.
  bool Chance(double percent) {
    return static_cast<double>(Below(100'000)) < percent * 1'000;
  }

  // From [shortest, longest), in microseconds.
  absl::Duration Between(absl::Duration shortest, absl::Duration longest) {
    const std::int64_t spread = absl::ToInt64Microseconds(longest - shortest);
    return shortest + absl::Microseconds(static_cast<std::int64_t>(
                          Below(static_cast<std::uint64_t>(spread))));
  }

  // REQUIRES: there is one.
  template <typename T>
  T Pick(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace am::fault
