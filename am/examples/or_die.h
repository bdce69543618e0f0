// OrDie: the end of a small program that cannot go on.
#pragma once

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/statusor.h"

namespace am::examples {

// Unless `status` is OK, prints why and exits with 1, at once: threads that
// still run meet nothing half destroyed.
inline void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::cout << std::flush;
  std::cerr << status << std::endl;
  std::_Exit(1);
}

// The value; without one, as above.
template <typename T>
T OrDie(absl::StatusOr<T> result) {
  OrDie(result.status());
  return *std::move(result);
}

}  // namespace am::examples
