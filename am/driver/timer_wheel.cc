#include "am/driver/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace am {
namespace {

constexpr std::int64_t kTickNanoseconds = 1'000'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

TimerWheel::TimerWheel(absl::Time now)
    : origin_(now), slots_(std::make_unique<Ring[]>(kSlots)) {}

absl::Time TimerWheel::TimeOf(std::int64_t tick) const {
  return origin_ + absl::Milliseconds(tick);
}

void TimerWheel::Add(TimerNode& node, absl::Time deadline) {
  Remove(node);
  // Saturates, after 292 years. Rounded up: a node is never due too early.
  const std::int64_t time = absl::ToInt64Nanoseconds(deadline - origin_);
  node.tick_ = time <= 0 ? 0 : (time - 1) / kTickNanoseconds + 1;
  node.tick_ = std::max(node.tick_, current_);
  Ring* ring = &overdue_;
  if (node.tick_ > current_) {
    const std::size_t slot = SlotOf(node.tick_);
    occupied_[slot / kWordBits] |= std::uint64_t{1} << (slot % kWordBits);
    ring = &slots_[slot];
  }
  node.previous = ring->previous;
  node.next = ring;
  ring->previous->next = &node;
  ring->previous = &node;
}

void TimerWheel::Remove(TimerNode& node) {
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = &node;
  const std::size_t slot = SlotOf(node.tick_);
  if (slots_[slot].is_alone()) {
    occupied_[slot / kWordBits] &= ~(std::uint64_t{1} << (slot % kWordBits));
  }
}

void TimerWheel::Advance(absl::Time now, std::vector<TimerNode*>& due) {
  const auto first = static_cast<std::ptrdiff_t>(due.size());
  const std::int64_t until = std::max(
      current_, absl::ToInt64Nanoseconds(now - origin_) / kTickNanoseconds);
  TakeDue(overdue_, until, due);
  const std::int64_t passed = until - current_;
  const std::int64_t last = current_ + std::min(passed, kSlots);
  for (std::int64_t tick = NextOccupied(current_ + 1); tick <= last;
       tick = NextOccupied(tick + 1)) {
    TakeDue(slots_[SlotOf(tick)], until, due);
  }
  current_ = until;
  if (passed <= kSlots) return;
  // Nodes of one slot may now be due in several rounds.
  std::stable_sort(due.begin() + first, due.end(),
                   [](const TimerNode* a, const TimerNode* b) {
                     return a->tick_ < b->tick_;
                   });
}

void TimerWheel::TakeDue(Ring& ring, std::int64_t until,
                         std::vector<TimerNode*>& due) {
  for (Ring* at = ring.next; at != &ring;) {
    auto* node = static_cast<TimerNode*>(at);
    at = at->next;
    if (node->tick_ > until) continue;
    Remove(*node);
    due.push_back(node);
  }
}

absl::Time TimerWheel::NextDue() const {
  if (!overdue_.is_alone()) return TimeOf(current_);
  const std::int64_t tick = NextOccupied(current_ + 1);
  return tick == kNever ? absl::InfiniteFuture() : TimeOf(tick);
}

// The first tick from `tick` on, within one round, whose slot has nodes.
std::int64_t TimerWheel::NextOccupied(std::int64_t tick) const {
  // The word of the first slot is looked at twice: from there on, and whole.
  for (std::size_t words = 0; words <= occupied_.size(); ++words) {
    const std::size_t slot = SlotOf(tick);
    const std::size_t bit = slot % kWordBits;
    const std::uint64_t bits = occupied_[slot / kWordBits] >> bit;
    if (bits != 0) return tick + std::countr_zero(bits);
    tick += static_cast<std::int64_t>(kWordBits - bit);
  }
  return kNever;
}

}  // namespace am
