// A Driver without threads: work runs when the test says so.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "am/driver/driver.h"

namespace am {

class FakeDriver final : public Driver {
 public:
  void Start(FrameSink& sink) override { sink_ = &sink; }
  void Stop() override { work_.clear(); }
  void RunQuick(Work work) override { work_.push_back(std::move(work)); }
  void RunOnPool(Work work) override { work_.push_back(std::move(work)); }
  bool IsInBurst() const override { return in_burst; }
  absl::Time RecentTime() override { return recent_time; }
  void WakeAt(absl::Time when) override {
    next_tick_ = std::min(next_tick_, when);
  }
  bool DeferFlush(std::shared_ptr<Flushable> output) override {
    if (in_burst) deferred_.push_back(std::move(output));
    return in_burst;
  }
  void Wait(PendingCall& call) override {
    while (!call.done() && RunOne()) {
    }
  }
  bool WaitUntil(absl::FunctionRef<bool()> condition, absl::Time) override {
    while (!condition() && RunOne()) {
    }
    return condition();
  }
  void Notify() override {}

  // Runs the oldest work; false if there is none.
  bool RunOne() {
    if (work_.empty()) return false;
    Work work = std::move(work_.front());
    work_.pop_front();
    std::move(work)();
    return true;
  }

  // Ends the burst that `in_burst` began.
  void EndBurst() {
    in_burst = false;
    for (const auto& output : std::exchange(deferred_, {})) output->Flush();
  }

  absl::Time next_tick() const { return next_tick_; }
  std::size_t deferred() const { return deferred_.size(); }

  bool in_burst = false;
  absl::Time recent_time = absl::UnixEpoch();

 private:
  FrameSink* sink_ = nullptr;
  std::deque<Work> work_;
  std::vector<std::shared_ptr<Flushable>> deferred_;
  absl::Time next_tick_ = absl::InfiniteFuture();
};

}  // namespace am
