// ThreadedDriver: a Driver made of threads, for a process.
//
// One thread at a time holds the receiving role: it takes a burst of frames
// from the inbox, hands them to the sink, runs the quick handlers they bring
// and flushes what was gathered. Who holds it changes:
//
//   holder      is                             gives the role up when
//   kReceiver   a thread of the pool           its quick work waits for a call,
//                                              or runs longer than a
//                                              millisecond: then another thread
//                                              takes over the role, the rest of
//                                              the burst and its output
//                                              a caller waits in Wait: then it
//                                              is kNobody for a while
//   kCaller     a thread blocked in Wait,      its call is done
//               which receives for itself and
//               saves the wake-up; it only
//               stores results
//   kNobody     between two waits of a caller  after 400 us at the most the
//                                              receiver takes it back
//
// Each change of hands bumps a generation under the lock, so that a thread
// that comes back from a long handler sees that the role is no longer its own.
//
// A supervisor thread looks once a millisecond, while there is activity, for
// stalled quick work and for starved pool work; without, it sleeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "am/clock.h"
#include "am/driver/alarm.h"
#include "am/driver/driver.h"
#include "am/driver/worker_pool.h"
#include "am/manager_options.h"
#include "am/transport/mutex.h"

namespace am {

class ThreadedDriver final : public Driver {
 public:
  // `transport` and `clock` must outlive the driver.
  ThreadedDriver(transport::Transport& transport, const Clock& clock,
                 const ExecutionOptions& options);
  ~ThreadedDriver() override;

  void Start(FrameSink& sink) override;
  void Stop() override;
  void RunQuick(Work work) override;
  void RunOnPool(Work work) override;
  absl::Time RecentTime() override;
  bool IsInBurst() const override { return CurrentBurst() != nullptr; }
  void WakeAt(absl::Time when) override;
  bool DeferFlush(std::shared_ptr<Flushable> output) override;
  void Wait(PendingCall& call) override;
  bool WaitUntil(absl::FunctionRef<bool()> condition,
                 absl::Time deadline) override;
  void Notify() override;

  // For tests and for listings: threads of the pool, and how often the role
  // was taken over from quick work that stalled or waited.
  int pool_threads() const { return pool_.threads(); }
  std::uint64_t takeovers() const;

 private:
  enum class Holder : std::uint8_t { kNobody, kReceiver, kCaller };

  // What this thread is within; null outside. A thread of one manager may wait
  // for a call of another one.
  struct Burst {
    ThreadedDriver* driver;
    std::uint64_t generation;
    Holder holder;
    Burst* outer;
    absl::Time time = absl::InfinitePast();  // as last read

    // While it takes frames, which the role cannot be lost within: the quick
    // work that they bring.
    bool takes_frames = false;
    std::vector<Work> brought = {};
  };
  static thread_local Burst* burst_;

  // The burst of this driver that this thread is within, or null.
  Burst* CurrentBurst() const;
  bool HoldsRole(const Burst* burst) const;

  void ReceiveLoop(std::uint64_t generation);
  void TakeBurst(Burst& burst);
  bool FinishBurst(Burst& burst);
  bool RunQuickWork(Burst& burst);
  void FlushDeferred();
  void TickIfDue(absl::Time now);
  absl::Duration UntilTick() const;
  bool YieldRole(std::uint64_t& generation);
  bool Park(std::uint64_t& generation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetAlarm(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOverIfHeld();

  bool TakeRoleAsCaller(std::uint64_t& generation);
  void ReceiveFor(PendingCall& call, std::uint64_t generation);
  void ReleaseRole();
  void Sleep(PendingCall& call);
  void WaiterWoken();

  void Supervise();
  void WakeSupervisor() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  transport::Inbox& inbox_;
  const Clock& clock_;
  FrameSink* sink_ = nullptr;
  WorkerPool pool_;
  std::thread supervisor_;

  std::atomic<int> progress_waiters_ = 0;
  std::atomic<std::uint64_t> progress_ = 0;

  // What a receiver waits for that has given the role away.
  const Alarm alarm_;

  mutable Mutex mutex_;
  CondVar supervisor_wakeup_;
  CondVar progress_made_;
  Holder holder_ ABSL_GUARDED_BY(mutex_) = Holder::kNobody;
  std::atomic<std::uint64_t> generation_ = 0;  // changes under the lock
  std::uint64_t takeovers_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time alarm_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time next_tick_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();

  // The burst's, and so the role's.
  std::deque<Work> quick_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Flushable>> deferred_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t quick_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  bool in_quick_ ABSL_GUARDED_BY(mutex_) = false;

  bool yield_ ABSL_GUARDED_BY(mutex_) = false;  // a waiter was just woken
  int sleeping_waiters_ ABSL_GUARDED_BY(mutex_) = 0;
  bool supervisor_sleeps_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am
