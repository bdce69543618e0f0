// AnyInstance: a target that is whoever can do it.
//
//   client.Message("compute").Expect<R>().Send(am::AnyInstance("compute"));
//   InferenceAm::Client stub(client, am::AnyInstance().RoundRobin());
//   am::AnyInstance().WithLabel("zone", "a").LeastOutstanding()
//
// For each message one instance is chosen among those that the directory
// (ManagerOptions::directory) knows to have the handler and to be serving, and
// of whom this instance does not know better: one that it lost is not chosen
// while there are others, nor is it itself while there are others that it has
// not lost. The choice is made once: a retry goes to the same instance. An
// instance that is not connected yet is connected to, while the message waits
// in its link.
//
// UNAVAILABLE: no such instance is known.
//
// A value. Copies share the turns of their round robin.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace am {

class AnyInstance {
 public:
  enum class Choice : std::uint8_t { kRandom, kRoundRobin, kLeastOutstanding };

  // Those that have `handler`, "compute" or "pkg.Service/Method"; empty: the
  // handler that the message is for.
  explicit AnyInstance(absl::string_view handler = "")
      : handler_(handler),
        turns_(std::make_shared<std::atomic<std::uint64_t>>(0)) {}

  // One after another, in order of their ids. At random without this.
  AnyInstance& RoundRobin() {
    choice_ = Choice::kRoundRobin;
    return *this;
  }

  // The one with the fewest calls of ours that are not done; of several, one at
  // random.
  AnyInstance& LeastOutstanding() {
    choice_ = Choice::kLeastOutstanding;
    return *this;
  }

  // Only those with this label (ManagerOptions::labels).
  AnyInstance& WithLabel(absl::string_view key, absl::string_view value) {
    labels_[std::string(key)] = std::string(value);
    return *this;
  }

  const std::string& handler() const { return handler_; }
  Choice choice() const { return choice_; }
  const std::map<std::string, std::string>& labels() const { return labels_; }
  std::uint64_t NextTurn() const { return turns_->fetch_add(1); }

 private:
  std::string handler_;
  Choice choice_ = Choice::kRandom;
  std::map<std::string, std::string> labels_;
  std::shared_ptr<std::atomic<std::uint64_t>> turns_;
};

}  // namespace am
