// LineReader: what a program prints, line by line, with a bound on the waiting.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace am::examples {

// Whether there is something to read, or the end, within `timeout`.
bool ReadableWithin(int descriptor, absl::Duration timeout);

class LineReader {
 public:
  // Does not own `descriptor`.
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  // The next line, without its newline. DEADLINE_EXCEEDED: none within
  // `timeout`. UNAVAILABLE: the output has ended.
  absl::StatusOr<std::string> Next(absl::Duration timeout);

 private:
  int descriptor_;
  std::string unread_;
};

}  // namespace am::examples
