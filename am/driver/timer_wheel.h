// TimerWheel: many deadlines, of which few are ever reached.
//
// A hashed timing wheel (Varghese and Lauck, 1987, scheme 6): 4096 slots of one
// millisecond each; a deadline farther away stays in its slot for more rounds.
// To add or remove one takes constant time and allocates nothing, since the
// nodes are part of what they time.
//
//   struct Call : TimerNode { ... };
//   wheel.Add(call, now + timeout);
//   wheel.Advance(now, due);       // at wheel.NextDue(), or whenever
//
// Ownership: nodes are the caller's and must be out of the wheel before they
// are destroyed.
// Threads: one at a time; whoever owns the wheel has a lock for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"

namespace am {

namespace internal {

// A place in a ring of nodes, or its beginning.
struct TimerLinks {
  TimerLinks* previous = this;
  TimerLinks* next = this;

  TimerLinks() = default;
  TimerLinks(const TimerLinks&) = delete;
  TimerLinks& operator=(const TimerLinks&) = delete;

  bool is_alone() const { return next == this; }
};

}  // namespace internal

// Something with a deadline, in one wheel at a time.
class TimerNode : private internal::TimerLinks {
 public:
  bool is_in_wheel() const { return !is_alone(); }

 private:
  friend class TimerWheel;

  std::int64_t tick_ = 0;
};

class TimerWheel {
 public:
  // Time begins at `now`.
  explicit TimerWheel(absl::Time now);

  // From now on `node` is due at `deadline`, also if it was in the wheel.
  void Add(TimerNode& node, absl::Time deadline);

  // Does nothing if it is not in the wheel.
  void Remove(TimerNode& node);

  // Takes out the nodes that are due and appends them to `due`: never before
  // their deadline, less than a millisecond after it, in order of the
  // millisecond in which they fell due and then of Add.
  void Advance(absl::Time now, std::vector<TimerNode*>& due);

  // No node is due before this. Infinite if there is none; possibly too early,
  // by rounds of 4.096 s.
  absl::Time NextDue() const;

 private:
  static constexpr std::int64_t kSlots = 4096;
  static constexpr std::size_t kWordBits = 64;

  using Ring = internal::TimerLinks;

  static std::size_t SlotOf(std::int64_t tick) {
    return static_cast<std::size_t>(tick) % kSlots;
  }
  absl::Time TimeOf(std::int64_t tick) const;
  std::int64_t NextOccupied(std::int64_t tick) const;
  void TakeDue(Ring& ring, std::int64_t until, std::vector<TimerNode*>& due);

  const absl::Time origin_;
  std::int64_t current_ = 0;  // all up to this tick have been taken out

  // Nodes of later ticks, and which slots have any.
  std::unique_ptr<Ring[]> slots_;
  std::array<std::uint64_t, kSlots / kWordBits> occupied_{};

  // Nodes that were late when they were added.
  Ring overdue_;
};

}  // namespace am
