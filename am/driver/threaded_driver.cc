#include "am/driver/threaded_driver.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "am/driver/late_work.h"

namespace am {
namespace {

// Frames taken at once: their replies leave together.
constexpr std::size_t kBurstFrames = 32;

// Pieces of quick work between two looks at the clock.
constexpr int kWorkPerLook = 8;

// How long a frame may wait for a role that a caller has just given back. A
// caller that comes back again and again puts the receiver's alarm off when
// half of that has passed, not each time.
constexpr absl::Duration kRoleReturns = absl::Microseconds(400);

// The supervisor's step: quick work that is seen running at two steps in a row
// has stalled, pool work that waited this long is starved.
constexpr absl::Duration kSupervisorStep = absl::Milliseconds(1);

// Steps without activity after which the supervisor sleeps.
constexpr int kSupervisorPatience = 20;

}  // namespace

thread_local ThreadedDriver::Burst* ThreadedDriver::burst_ = nullptr;

ThreadedDriver::ThreadedDriver(transport::Transport& transport,
                               const Clock& clock,
                               const ExecutionOptions& options)
    : inbox_(transport.inbox()),
      clock_(clock),
      pool_(clock, options.min_threads, options.max_threads) {}

ThreadedDriver::~ThreadedDriver() { Stop(); }

void ThreadedDriver::Start(FrameSink& sink) {
  sink_ = &sink;
  supervisor_ = std::thread([this] { Supervise(); });
  MutexLock lock(mutex_);
  holder_ = Holder::kReceiver;
  pool_.PostNow(
      [this, generation = ++generation_] { ReceiveLoop(generation); });
}

void ThreadedDriver::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    SetAlarm(absl::ZeroDuration());
    supervisor_wakeup_.NotifyAll();
  }
  inbox_.Interrupt();
  if (supervisor_.joinable()) supervisor_.join();
  std::vector<Work> unrun = pool_.Stop();
  {
    MutexLock lock(mutex_);
    std::move(quick_.begin(), quick_.end(), std::back_inserter(unrun));
    quick_.clear();
    deferred_.clear();
  }
  for (Work& work : unrun) RunLate(std::move(work));
}

ThreadedDriver::Burst* ThreadedDriver::CurrentBurst() const {
  Burst* burst = burst_;
  while (burst != nullptr && burst->driver != this) burst = burst->outer;
  return burst;
}

bool ThreadedDriver::HoldsRole(const Burst* burst) const {
  return burst != nullptr && burst->generation == generation_;
}

void ThreadedDriver::RunQuick(Work work) {
  if (Burst* const burst = CurrentBurst();
      burst != nullptr && burst->holder == Holder::kReceiver) {
    if (burst->takes_frames) {
      burst->brought.push_back(std::move(work));
      return;
    }
    MutexLock lock(mutex_);
    if (HoldsRole(burst)) {
      quick_.push_back(std::move(work));
      return;
    }
  }
  RunOnPool(std::move(work));
}

void ThreadedDriver::RunOnPool(Work work) {
  switch (pool_.Post(std::move(work))) {
    case WorkerPool::Posted::kTaken:
      return;
    case WorkerPool::Posted::kQueued: {
      MutexLock lock(mutex_);
      return WakeSupervisor();
    }
    case WorkerPool::Posted::kStopped:
      return RunLate(std::move(work));
  }
}

absl::Time ThreadedDriver::RecentTime() {
  const Burst* const burst = CurrentBurst();
  return HoldsRole(burst) ? burst->time : clock_.Now();
}

bool ThreadedDriver::DeferFlush(std::shared_ptr<Flushable> output) {
  const Burst* burst = CurrentBurst();
  if (burst == nullptr) return false;
  MutexLock lock(mutex_);
  if (!HoldsRole(burst)) return false;
  deferred_.push_back(std::move(output));
  return true;
}

void ThreadedDriver::WakeAt(absl::Time when) {
  {
    MutexLock lock(mutex_);
    if (when >= next_tick_) return;
    next_tick_ = when;
    if (HoldsRole(CurrentBurst())) return;  // Looks before it waits again.
  }
  inbox_.Interrupt();
}

std::uint64_t ThreadedDriver::takeovers() const {
  MutexLock lock(mutex_);
  return takeovers_;
}

// -- Receiving ---------------------------------------------------------------

// Runs on a thread of the pool, which holds the role in this `generation`.
void ThreadedDriver::ReceiveLoop(std::uint64_t generation) {
  Burst burst{this, generation, Holder::kReceiver, burst_};
  burst_ = &burst;
  burst.time = clock_.Now();
  // What a thread that stalled has left.
  bool holds_role = FinishBurst(burst);
  while (holds_role && YieldRole(burst.generation)) {
    TakeBurst(burst);
    holds_role = FinishBurst(burst);
  }
  burst_ = burst.outer;
}

void ThreadedDriver::TakeBurst(Burst& burst) {
  std::vector<transport::InboundFrame> frames;
  inbox_.Receive(UntilTick(), kBurstFrames, frames);
  burst.time = clock_.Now();
  burst.takes_frames = true;
  for (transport::InboundFrame& frame : frames) {
    sink_->OnFrame(std::move(frame), burst.time);
  }
  TickIfDue(burst.time);
  burst.takes_frames = false;
}

// Returns whether this thread still holds the role.
bool ThreadedDriver::FinishBurst(Burst& burst) {
  if (!RunQuickWork(burst)) return false;
  FlushDeferred();
  return true;
}

bool ThreadedDriver::RunQuickWork(Burst& burst) {
  MutexLock lock(mutex_);
  std::move(burst.brought.begin(), burst.brought.end(),
            std::back_inserter(quick_));
  burst.brought.clear();
  for (int run = 1; !quick_.empty() && !stopping_; ++run) {
    if (run % kWorkPerLook == 0) burst.time = clock_.Now();
    Work work = std::move(quick_.front());
    quick_.pop_front();
    ++quick_begun_;
    in_quick_ = true;
    WakeSupervisor();
    mutex_.Unlock();
    std::move(work)();
    work = nullptr;
    mutex_.Lock();
    if (!HoldsRole(&burst)) return false;
    in_quick_ = false;
  }
  return true;
}

void ThreadedDriver::FlushDeferred() {
  std::vector<std::shared_ptr<Flushable>> outputs;
  {
    MutexLock lock(mutex_);
    outputs.swap(deferred_);
  }
  for (const std::shared_ptr<Flushable>& output : outputs) output->Flush();
  if (!outputs.empty()) Notify();
}

void ThreadedDriver::TickIfDue(absl::Time now) {
  {
    MutexLock lock(mutex_);
    if (now < next_tick_) return;
    next_tick_ = absl::InfiniteFuture();
  }
  const absl::Time next = sink_->OnTick(now);
  MutexLock lock(mutex_);
  next_tick_ = std::min(next_tick_, next);
}

absl::Duration ThreadedDriver::UntilTick() const {
  MutexLock lock(mutex_);
  if (stopping_) return absl::ZeroDuration();
  if (next_tick_ == absl::InfiniteFuture()) return absl::InfiniteDuration();
  return std::max(next_tick_ - clock_.Now(), absl::ZeroDuration());
}

// Between bursts: leaves the role to callers that wait for themselves, if one
// was just served. Returns false if this thread is to stop receiving.
bool ThreadedDriver::YieldRole(std::uint64_t& generation) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  if (!std::exchange(yield_, false)) return true;
  holder_ = Holder::kNobody;
  ++generation_;
  SetAlarm(kRoleReturns);
  return Park(generation);
}

// Sleeps until the alarm goes off while nobody has the role, and takes it back.
// Whatever woke it, an alarm is set when it sleeps again, or the caller who has
// the role sets one: the clock need not go like that of the alarm.
bool ThreadedDriver::Park(std::uint64_t& generation) {
  while (!stopping_) {
    mutex_.Unlock();
    alarm_.Wait();
    mutex_.Lock();
    const absl::Duration left = alarm_at_ - clock_.Now();
    if (holder_ != Holder::kNobody) {
      alarm_at_ = absl::InfinitePast();
    } else if (left > absl::ZeroDuration()) {
      alarm_.Set(left);
    } else {
      holder_ = Holder::kReceiver;
      generation = ++generation_;
      return true;
    }
  }
  return false;
}

void ThreadedDriver::SetAlarm(absl::Duration delay) {
  alarm_at_ = clock_.Now() + delay;
  alarm_.Set(delay);
}

// The role goes to another thread, with the rest of the burst.
void ThreadedDriver::HandOver() {
  const std::uint64_t generation = ++generation_;
  ++takeovers_;
  in_quick_ = false;
  pool_.PostNow([this, generation] { ReceiveLoop(generation); });
}

void ThreadedDriver::HandOverIfHeld() {
  MutexLock lock(mutex_);
  const Burst* burst = CurrentBurst();
  if (HoldsRole(burst) && burst->holder == Holder::kReceiver) HandOver();
}

// -- Waiting -----------------------------------------------------------------

void ThreadedDriver::Wait(PendingCall& call) {
  if (call.done()) return;
  HandOverIfHeld();
  std::uint64_t generation = 0;
  if (TakeRoleAsCaller(generation)) {
    ReceiveFor(call, generation);
  } else {
    Sleep(call);
  }
}

// Otherwise this thread counts as one that sleeps.
bool ThreadedDriver::TakeRoleAsCaller(std::uint64_t& generation) {
  MutexLock lock(mutex_);
  if (holder_ != Holder::kNobody || stopping_) {
    ++sleeping_waiters_;
    return false;
  }
  holder_ = Holder::kCaller;
  generation = ++generation_;
  return true;
}

void ThreadedDriver::ReceiveFor(PendingCall& call, std::uint64_t generation) {
  Burst burst{this, generation, Holder::kCaller, burst_};
  burst_ = &burst;
  const auto wake = [this, self = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != self) inbox_.Interrupt();
  };
  if (call.SetWake(wake)) {
    while (!call.done()) {
      TakeBurst(burst);
      FlushDeferred();
    }
  }
  burst_ = burst.outer;
  ReleaseRole();
}

// Others who wait are served at once, by the receiver.
void ThreadedDriver::ReleaseRole() {
  MutexLock lock(mutex_);
  holder_ = Holder::kNobody;
  ++generation_;
  if (sleeping_waiters_ > 0 || stopping_) {
    SetAlarm(absl::ZeroDuration());
  } else if (alarm_at_ < clock_.Now() + kRoleReturns / 2) {
    SetAlarm(kRoleReturns);
  }
}

void ThreadedDriver::Sleep(PendingCall& call) {
  struct Sleeper {
    Mutex mutex;
    CondVar wakeup;
    bool awake ABSL_GUARDED_BY(mutex) = false;
  };
  const auto sleeper = std::make_shared<Sleeper>();
  const bool sleeps = call.SetWake([this, sleeper] {
    WaiterWoken();
    MutexLock lock(sleeper->mutex);
    sleeper->awake = true;
    sleeper->wakeup.NotifyOne();
  });
  if (!sleeps) return WaiterWoken();
  MutexLock lock(sleeper->mutex);
  while (!sleeper->awake) sleeper->wakeup.Wait(sleeper->mutex);
}

// The last one to wake may receive for itself next time.
void ThreadedDriver::WaiterWoken() {
  MutexLock lock(mutex_);
  yield_ = --sleeping_waiters_ == 0;
}

bool ThreadedDriver::WaitUntil(absl::FunctionRef<bool()> condition,
                               absl::Time deadline) {
  HandOverIfHeld();
  ++progress_waiters_;
  bool done = false;
  for (;;) {
    const std::uint64_t seen = progress_.load();
    done = condition();
    const absl::Duration left = deadline - clock_.Now();
    if (done || left <= absl::ZeroDuration()) break;
    MutexLock lock(mutex_);
    if (progress_.load() == seen) progress_made_.WaitFor(mutex_, left);
  }
  --progress_waiters_;
  return done;
}

void ThreadedDriver::Notify() {
  if (progress_waiters_.load() == 0) return;
  MutexLock lock(mutex_);
  ++progress_;
  progress_made_.NotifyAll();
}

// -- Supervising -------------------------------------------------------------

void ThreadedDriver::Supervise() {
  MutexLock lock(mutex_);
  std::uint64_t seen = 0;
  for (int quiet = 0; !stopping_;) {
    supervisor_sleeps_ = quiet >= kSupervisorPatience;
    if (supervisor_sleeps_) {
      supervisor_wakeup_.Wait(mutex_);
    } else {
      supervisor_wakeup_.WaitFor(mutex_, kSupervisorStep);
    }
    bool active = std::exchange(supervisor_sleeps_, false);
    active |= in_quick_ || quick_begun_ != seen;
    if (in_quick_ && quick_begun_ == seen) HandOver();
    seen = quick_begun_;
    mutex_.Unlock();
    active |= pool_.GrowIfStarved(clock_.Now() - kSupervisorStep);
    mutex_.Lock();
    quiet = active ? 0 : quiet + 1;
  }
}

void ThreadedDriver::WakeSupervisor() {
  if (supervisor_sleeps_) supervisor_wakeup_.NotifyOne();
}

}  // namespace am
