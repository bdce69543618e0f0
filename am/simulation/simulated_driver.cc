#include "am/simulation/simulated_driver.h"

#include <algorithm>
#include <utility>

#include "am/driver/late_work.h"

namespace am {
namespace {

// As many frames as a thread would take at once.
constexpr std::size_t kBurstFrames = 32;

}  // namespace

void SimulatedDriver::Step() {
  *stirred_ = false;
  TakeBurst();
  Tick();
  // Quick work belongs to the burst that brought it, pooled work to nobody.
  while (!killed_ && RunOne(quick_)) {
  }
  EndBurst();
  if (!killed_) RunOne(pooled_);
  if (!pooled_.empty()) *stirred_ = true;
  next_release_ = transport_.NextRelease();
}

void SimulatedDriver::TakeBurst() {
  std::vector<transport::InboundFrame> frames;
  transport_.inbox().Receive(absl::ZeroDuration(), kBurstFrames, frames);
  in_burst_ = true;
  for (transport::InboundFrame& frame : frames) {
    sink_->OnFrame(std::move(frame), world_.clock().Now());
  }
  if (frames.size() == kBurstFrames) *stirred_ = true;  // There may be more.
}

void SimulatedDriver::Tick() {
  if (world_.clock().Now() < next_tick_) return;
  next_tick_ = absl::InfiniteFuture();
  const absl::Time next = sink_->OnTick(world_.clock().Now());
  next_tick_ = std::min(next_tick_, next);
}

void SimulatedDriver::EndBurst() {
  in_burst_ = false;
  for (const auto& output : std::exchange(deferred_, {})) output->Flush();
}

bool SimulatedDriver::RunOne(std::deque<Work>& queue) {
  if (queue.empty()) return false;
  Work work = std::move(queue.front());
  queue.pop_front();
  std::move(work)();
  return true;
}

absl::Time SimulatedDriver::NextEvent() const {
  if (sink_ == nullptr || paused_ || killed_) return absl::InfiniteFuture();
  if (*stirred_) return absl::InfinitePast();
  return std::min(next_tick_, next_release_);
}

void SimulatedDriver::Kill() {
  killed_ = true;
  abandoned_ = std::exchange(quick_, {});
}

// A coroutine that waits can be destroyed only by itself: its calls have ended
// by now, and it goes on. Handlers that had not begun have been cancelled.
void SimulatedDriver::Stop() {
  while (killed_ && (RunOne(quick_) || RunOne(abandoned_))) {
  }
  if (sink_ != nullptr) world_.Forget(*this);
  sink_ = nullptr;
  stopped_ = true;
  for (Work& work : std::exchange(quick_, {})) RunLate(std::move(work));
  for (Work& work : std::exchange(pooled_, {})) {
    if (!killed_) RunLate(std::move(work));
  }
  deferred_.clear();
}

void SimulatedDriver::Queue(std::deque<Work>& queue, Work work) {
  if (stopped_) return RunLate(std::move(work));
  queue.push_back(std::move(work));
  *stirred_ = true;
}

void SimulatedDriver::WakeAt(absl::Time when) {
  next_tick_ = std::min(next_tick_, when);
}

bool SimulatedDriver::DeferFlush(std::shared_ptr<Flushable> output) {
  if (in_burst_) deferred_.push_back(std::move(output));
  return in_burst_;
}

// Who waits within a burst ends it first, as a thread hands its role over.
void SimulatedDriver::Wait(PendingCall& call) {
  EndBurst();
  while (!call.done()) {
    if (killed_) throw InstanceKilled();
    world_.Step(absl::InfiniteFuture());
  }
}

bool SimulatedDriver::WaitUntil(absl::FunctionRef<bool()> condition,
                                absl::Time deadline) {
  EndBurst();
  while (!condition()) {
    if (killed_ || !world_.Step(deadline)) return condition();
  }
  return true;
}

}  // namespace am
