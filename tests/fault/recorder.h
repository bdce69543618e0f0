// Recorder: writes down what happens in a simulated world, as a History for
// the checker and as text for people.
//
// What one that was killed does afterwards (its coroutines end when its
// Manager is destroyed) is seen by nobody, and not written down.
//
// Threads: the world's one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "am/clock.h"
#include "tests/fault/history.h"

namespace am::fault {

class Recorder {
 public:
  // `clock` must outlive it.
  explicit Recorder(const Clock& clock) : clock_(clock) {}

  // A message is about to be sent; returns the number it is given.
  std::uint64_t Sent(Operation operation, absl::string_view handler);

  // What a one-way send returned.
  void Queued(std::uint64_t id, const absl::Status& status);

  // A call's end was told.
  void Ended(std::uint64_t id, const absl::Status& status, bool value_is_right);

  // A handler runs for it.
  void Ran(std::uint64_t id, InstanceId instance);

  // A stopped process hears of the end of its calls when it goes on.
  void Died(InstanceId instance);
  void Resumed(InstanceId instance);
  void Add(const Account& account) { history_.accounts.push_back(account); }

  // A line of text, with the time before it.
  template <typename... Words>
  void Log(const Words&... words) {
    absl::StrAppend(&text_, Stamp(), words..., "\n");
  }

  const History& history() const { return history_; }
  const std::string& text() const { return text_; }

 private:
  std::string Stamp() const;
  Operation& At(std::uint64_t id) { return history_.operations[id - 1]; }

  const Clock& clock_;
  History history_;
  std::string text_;
  std::set<InstanceId> died_;
  std::map<InstanceId, absl::Time> resumed_at_;
};

// All of a history, for comparing.
std::string ToText(const History& history);

}  // namespace am::fault
