// Fraction: chance as a number, the same on every platform, which the
// distributions of the standard library are not.
#pragma once

#include <random>

namespace am {

// At least 0 and less than 1.
inline double Fraction(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

}  // namespace am
