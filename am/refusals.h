// Refusals: what came from outside and was not taken, counted by class.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "am/wire/wire.h"

namespace am {

enum class Refusal : std::uint8_t {
  kOtherIncarnation,  // a frame for another instance, maybe the one before us
  kUnknownSender,     // a frame from an instance that has not said HELLO
  kWrongSession,      // of a session that is closed, or never began
  kOutOfOrder,        // numbers seen before, or a gap
  kBadCounts,         // counts what was never sent
  kBadControl,        // a control message that does not parse
  kUnknownKind,       // a numbered message of a kind we do not know
  kLateReply,         // to a call that is not pending, or of another peer
};
inline constexpr std::size_t kRefusals = 8;

class Refusals {
 public:
  void Count(Refusal refusal) { Add(kWireErrors + Index(refusal)); }
  void Count(WireError error) { Add(Index(error)); }

  std::uint64_t of(Refusal refusal) const {
    return counts_[kWireErrors + Index(refusal)].load();
  }
  std::uint64_t of(WireError error) const {
    return counts_[Index(error)].load();
  }

  // Classes with a count above zero, by name.
  std::vector<std::pair<std::string, std::uint64_t>> List() const;

 private:
  template <typename Enum>
  static std::size_t Index(Enum value) {
    return static_cast<std::size_t>(value);
  }
  void Add(std::size_t index) {
    counts_[index].fetch_add(1, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, kWireErrors + kRefusals> counts_{};
};

absl::string_view RefusalName(Refusal refusal);

}  // namespace am
