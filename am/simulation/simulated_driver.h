// SimulatedDriver: what makes one instance of a SimulatedWorld go.
#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <vector>

#include "am/driver/driver.h"
#include "am/simulation/simulated_world.h"

namespace am {

// Thrown where an instance waits that has been killed.
class InstanceKilled final : public std::exception {
 public:
  const char* what() const noexcept override { return "it was killed"; }
};

class SimulatedDriver final : public Driver {
 public:
  // `stirred` becomes true when the transport has something.
  SimulatedDriver(SimulatedWorld& world, transport::FaultyTransport& transport,
                  std::shared_ptr<bool> stirred)
      : world_(world), transport_(transport), stirred_(std::move(stirred)) {}

  // When Step has something to do: now, if that is not later; infinite if it
  // does not depend on time.
  absl::Time NextEvent() const;

  // Takes a burst, or else runs something.
  void Step();

  void set_paused(bool paused) { paused_ = paused; }

  // Nothing runs any more but, in Stop, what lets handlers that wait go.
  void Kill();

  transport::FaultyTransport& transport() const { return transport_; }

  void Start(FrameSink& sink) override { sink_ = &sink; }
  void Stop() override;
  void RunQuick(Work work) override { Queue(quick_, std::move(work)); }
  void RunOnPool(Work work) override { Queue(pooled_, std::move(work)); }
  bool IsInBurst() const override { return in_burst_; }
  absl::Time RecentTime() override { return world_.clock().Now(); }
  void WakeAt(absl::Time when) override;
  bool DeferFlush(std::shared_ptr<Flushable> output) override;
  void Wait(PendingCall& call) override;
  bool WaitUntil(absl::FunctionRef<bool()> condition,
                 absl::Time deadline) override;
  void Notify() override {}

 private:
  void TakeBurst();
  void Tick();
  void EndBurst();
  void Queue(std::deque<Work>& queue, Work work);
  static bool RunOne(std::deque<Work>& queue);

  SimulatedWorld& world_;
  transport::FaultyTransport& transport_;
  const std::shared_ptr<bool> stirred_;  // or work has come
  FrameSink* sink_ = nullptr;
  std::deque<Work> quick_;
  std::deque<Work> pooled_;
  std::deque<Work> abandoned_;  // quick work, when it was killed
  std::vector<std::shared_ptr<Flushable>> deferred_;
  absl::Time next_tick_ = absl::InfiniteFuture();
  absl::Time next_release_ = absl::InfiniteFuture();  // as of the last Step
  bool in_burst_ = false;
  bool paused_ = false;
  bool killed_ = false;
  bool stopped_ = false;
};

}  // namespace am
