// Payloads that show whether they arrived as they were sent.
//
// Each bears a number, a check of that number, and a pattern that the size
// alone decides; so that a server can verify one without having seen another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace am::bench {

class PayloadMaker {
 public:
  // Numbers them from `first` on, so that the payloads of several makers
  // differ. REQUIRES: bytes >= 16.
  explicit PayloadMaker(std::size_t bytes, std::uint64_t first = 0);

  // Another payload than the one before; valid until the next call.
  const std::string& Next();
  const std::string& current() const { return payload_; }

 private:
  std::uint64_t number_;
  std::string payload_;
};

// Whether `payload` is one that a PayloadMaker of its size made.
bool IsIntact(absl::string_view payload);

}  // namespace am::bench
