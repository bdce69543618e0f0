// Backoff: waits that double from `min` to `max`, of each of which a random
// half is left out, so that those who wait for the same thing do not all come
// back at once.
//
// A value; one thread at a time.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace am {

class Backoff final {
 public:
  Backoff(absl::Duration min, absl::Duration max)
      : min_(min), max_(max), wait_(min) {}

  // `random` is at least 0 and less than 1.
  absl::Duration Next(double random) {
    const absl::Duration wait = wait_ * (1 - random / 2);
    wait_ = std::min(2 * wait_, max_);
    return wait;
  }

  // Begins anew.
  void Reset() { wait_ = min_; }

 private:
  absl::Duration min_;
  absl::Duration max_;
  absl::Duration wait_;
};

}  // namespace am
