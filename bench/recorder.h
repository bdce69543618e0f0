// Recorder: how long each operation took, and whether there were enough.
//
//   while (!recorder.enough()) {
//     const Recorder::Moment begun = recorder.Begin();
//     ... one operation ...
//     recorder.End(begun);
//   }
//
// Several operations may be under way at a time. One thread at a time.
//
// Where single operations have no end that their caller sees, it only counts
// them, some at a time:
//
//   while (!recorder.enough()) {
//     ... 64 operations ...
//     recorder.Add(64);
//   }
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace am::bench {

// How much to do: whichever is reached first.
struct Load {
  absl::Duration duration = absl::Seconds(2);
  std::int64_t operations = std::int64_t{1} << 40;

  // How long Begin sleeps first: the caller does something else.
  absl::Duration think = absl::ZeroDuration();
};

class Recorder {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  explicit Recorder(const Load& load)
      : wanted_(static_cast<std::size_t>(load.operations)),
        end_(std::chrono::steady_clock::now() +
             absl::ToChronoNanoseconds(load.duration)),
        think_(load.think) {
    nanoseconds_.reserve(std::size_t{1} << 16);
  }

  Moment Begin() const {
    if (think_ > absl::ZeroDuration()) absl::SleepFor(think_);
    return std::chrono::steady_clock::now();
  }

  void End(Moment begun) { EndAt(begun, std::chrono::steady_clock::now()); }

  // It ended then, of which its caller was told later.
  void EndAt(Moment begun, Moment ended) {
    last_ = ended;
    nanoseconds_.push_back((ended - begun).count());
  }

  void Add(std::size_t operations) {
    last_ = std::chrono::steady_clock::now();
    untimed_ += operations;
  }

  bool enough() const { return operations() >= wanted_ || last_ >= end_; }

  // How many ended.
  std::size_t operations() const { return nanoseconds_.size() + untimed_; }

  // Of those that were timed, in the order in which they ended.
  const std::vector<std::int64_t>& nanoseconds() const { return nanoseconds_; }

 private:
  const std::size_t wanted_;
  const Moment end_;
  const absl::Duration think_;
  Moment last_ = {};
  std::size_t untimed_ = 0;
  std::vector<std::int64_t> nanoseconds_;
};

}  // namespace am::bench
