// CallTable: the calls of one instance that are under way.
//
// Each call is in the table from Begin until whoever takes it out completes
// it: with the peer's reply, at its deadline, when its peer is lost, or when
// its future is dropped. Being in the table is what makes completion happen
// exactly once; a reply for a call that is not there any more is late and is
// counted, no more.
//
// A call with a retry policy stays in the table between its attempts. When the
// next one is due, OnRetry is told.
//
// A call with peer zero waits for something here (a handshake, room in a
// queue) and is finished by who knows of it.
//
// Threads: any. Completions run with no lock held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/call/retries.h"
#include "am/counters.h"
#include "am/driver/driver.h"
#include "am/driver/timer_wheel.h"
#include "am/instance_id.h"
#include "am/pending_call.h"
#include "am/planted_bug.h"
#include "am/transport/mutex.h"

namespace am {

class CallTable final : public CallOwner,
                        public std::enable_shared_from_this<CallTable> {
 public:
  class Call;
  // Tells the peer that a call is not awaited any more.
  using OnCancel = std::function<void(InstanceId peer, std::uint64_t call_id)>;

  // Sends a call again; told by OnTick.
  using OnRetry = std::function<void(const std::shared_ptr<Call>& call)>;

  // `seed` is that of backoffs.
  CallTable(std::shared_ptr<Driver> driver, std::shared_ptr<Counters> counters,
            absl::Time now, std::uint64_t seed,
            PlantedBug planted_bug = PlantedBug::kNone);
  ~CallTable() override;

  void SetOnCancel(OnCancel on_cancel);
  void SetOnRetry(OnRetry on_retry);

  // Adds a call to `peer`, which ends with DEADLINE_EXCEEDED at `deadline`. If
  // it may be repeated, `again` says how, in which its id is set.
  std::shared_ptr<Call> Begin(InstanceId peer, absl::Time deadline,
                              std::unique_ptr<Repeatable> again = nullptr,
                              bool over_control = false);

  // The call's next attempt goes over the control plane, where the loss of its
  // peer does not end it; or not. False: the call is not here any more.
  bool SetOverControl(std::uint64_t call_id, bool over_control);

  // A call that failed before it began.
  std::shared_ptr<PendingCall> Ended(absl::Status status);

  // Completes the call, if it is here and `from` is its peer. False otherwise.
  bool Finish(std::uint64_t call_id, InstanceId from, Reply reply);

  // An attempt of the call, if it is here and `from` is its peer, has ended
  // with `status`. True: the call goes on. False: it is to be finished so.
  bool TryAgain(std::uint64_t call_id, InstanceId from,
                const absl::Status& status, AttemptEnd end, absl::Time now);

  // The peer is lost: completes every call to it that is not tried again, but
  // those that go over the control plane.
  void OnPeerLost(InstanceId peer, const absl::Status& why, absl::Time now);

  // Has the call end with CANCELLED when `stop` is requested, and at once if it
  // has been. REQUIRES: called once for a call.
  void CancelOn(const std::shared_ptr<Call>& call, std::stop_token stop);

  // Completes what is due and returns when something may be next.
  absl::Time OnTick(absl::Time now);

  // From now on calls are finished as they begin, with `status`.
  void Close(absl::Status status);

  std::size_t size() const;
  // How many calls to `peer` are here.
  std::size_t CountTo(InstanceId peer) const;
  bool Contains(std::uint64_t call_id) const;

  void Cancel(PendingCall& call) override;
  void Wait(PendingCall& call) override;
  void Resume(Continuation continuation) override;

 private:
  std::shared_ptr<Call> Take(std::uint64_t call_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TriesAgain(Call& call, const absl::Status& status, AttemptEnd end,
                  absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Call>> CallsTo(InstanceId peer) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Call>> TakeLate(absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Call>> BeginRetries(absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<Driver> driver_;
  const std::shared_ptr<Counters> counters_;
  BugTrigger planted_bug_;

  mutable Mutex mutex_;
  OnCancel on_cancel_ ABSL_GUARDED_BY(mutex_);
  OnRetry on_retry_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<Call>> calls_
      ABSL_GUARDED_BY(mutex_);
  // Of calls_ by peer. Those of zero go when some peer is lost.
  absl::flat_hash_map<InstanceId, std::size_t> counts_ ABSL_GUARDED_BY(mutex_);
  TimerWheel deadlines_ ABSL_GUARDED_BY(mutex_);
  Retries retries_ ABSL_GUARDED_BY(mutex_);
  absl::Status closed_ ABSL_GUARDED_BY(mutex_);
};

// A call as the table keeps it.
class CallTable::Call final : public PendingCall, public TimerNode {
 public:
  Call(std::shared_ptr<CallOwner> owner, std::uint64_t call_id,
       InstanceId target, std::unique_ptr<Repeatable> repeatable)
      : PendingCall(std::move(owner)),
        id(call_id),
        peer(target),
        again(std::move(repeatable)) {}

  const std::uint64_t id;
  const InstanceId peer;

  // Null if the call has one attempt only. Others than the table read what does
  // not change of it.
  const std::unique_ptr<Repeatable> again;

 private:
  friend class CallTable;

  // Cancels the call; weak, since it is a part of it.
  struct Canceller {
    std::weak_ptr<Call> call;
    void operator()() const {
      if (const auto alive = call.lock()) alive->Cancel();
    }
  };
  std::unique_ptr<std::stop_callback<Canceller>> on_stop_;
  bool over_control_ = false;  // of the table, under its lock
};

}  // namespace am
