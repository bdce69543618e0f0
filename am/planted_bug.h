// PlantedBug: a mistake that an instance makes on purpose, so that a test can
// show that its checker would see it. See ManagerOptions::planted_bug.
#pragma once

#include <atomic>
#include <cstdint>

namespace am {

enum class PlantedBug : std::uint8_t {
  kNone,
  kNoDedup,          // a call that comes again runs again
  kSkippedCount,     // a one-way message is handled, but not counted
  kOldSession,       // a frame of a session that has ended is taken
  kLostReply,        // a reply comes, and its call is not told
  kCompletionTwice,  // a call's end is told twice
};

// Decides when it happens: not always, so that it must be looked for.
// Threads: any.
class BugTrigger {
 public:
  explicit BugTrigger(PlantedBug bug) : bug_(bug) {}

  // On each occasion for `bug`: whether to make the mistake.
  bool Strikes(PlantedBug bug) {
    return bug_ == bug && ++occasions_ % kEvery == 0;
  }

 private:
  static constexpr std::uint32_t kEvery = 4;

  const PlantedBug bug_;
  std::atomic<std::uint32_t> occasions_ = 0;
};

}  // namespace am
