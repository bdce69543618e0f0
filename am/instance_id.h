// InstanceId: the name of one incarnation of one process.
//
// 64 random bits, new for each Manager, written as 16 hexadecimal digits. A
// restarted process is another instance: whatever was meant for the one before
// is refused, never delivered to its successor. Zero means "nobody in
// particular" and is never handed out.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace am {

class InstanceId {
 public:
  constexpr InstanceId() = default;
  constexpr explicit InstanceId(std::uint64_t value) : value_(value) {}

  // From the system's entropy source.
  static InstanceId Random();

  // INVALID_ARGUMENT unless `text` is 16 hexadecimal digits.
  static absl::StatusOr<InstanceId> Parse(absl::string_view text);

  constexpr std::uint64_t value() const { return value_; }
  constexpr bool is_nobody() const { return value_ == 0; }
  std::string ToString() const;

  friend constexpr auto operator<=>(InstanceId, InstanceId) = default;

  template <typename H>
  friend H AbslHashValue(H state, InstanceId id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace am
