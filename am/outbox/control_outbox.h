// ControlOutbox: this instance's messages that go over the control plane
// (am/control_plane.h), and the account of them.
//
// They are bounded as those that wait for a link are. One-way messages have a
// ledger of their own, over all receivers; what the way lost may have arrived
// and is in doubt for good.
//
// Threads: any. Nothing blocks but Close.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/call/call_table.h"
#include "am/clock.h"
#include "am/control_plane.h"
#include "am/driver/driver.h"
#include "am/instance_id.h"
#include "am/ledger.h"
#include "am/manager_options.h"
#include "am/transport/mutex.h"

namespace am {

class ControlOutbox final {
 public:
  // All must outlive it.
  struct Parts {
    std::shared_ptr<ControlPlane> plane;  // null: there is none
    InstanceId self;
    const LinkOptions& limits;
    CallTable& calls;
    Driver& driver;
    const Clock& clock;
    // Where others say that their servers are; empty: not known.
    std::function<std::string(InstanceId)> find_address;
  };

  explicit ControlOutbox(Parts parts) : parts_(std::move(parts)) {}
  ~ControlOutbox() { Close(); }

  // A call that is done when whoever serves gRPC at `address` has said who it
  // is; its reply is an am.v1.PeerInfo.
  std::shared_ptr<PendingCall> Discover(const std::string& address,
                                        absl::Time deadline);

  // `instance` serves there.
  void NoteAddress(InstanceId instance, const std::string& address);

  // Whether there is a plane, and an address of `instance`.
  bool Reaches(InstanceId instance) const;

  // Sends a message, of which all but sender and address are set. A call that
  // ends completes its call in the table, or has it tried again.
  // FAILED_PRECONDITION: there is no control plane. UNAVAILABLE: no address is
  // known. RESOURCE_EXHAUSTED: too much is under way.
  absl::Status Send(ControlPlane::Message message);

  // True: the call `waiter` of the table is finished once there is room. False:
  // there is room now, or never will be.
  bool AwaitRoom(std::uint64_t waiter);

  // A call is not awaited any more.
  void Cancel(std::uint64_t call_id);

  // Whether nothing one-way is under way.
  bool Settled() const { return ledger().in_flight() == 0; }

  // Of all one-way messages sent this way.
  Ledger ledger() const;

  // Cancels what is under way and blocks until it has ended. From now on sends
  // fail with UNAVAILABLE.
  void Close();

 private:
  struct UnderWay {
    std::uint64_t call_id = 0;  // 0: one-way
    InstanceId target;
    std::size_t bytes = 0;
    std::shared_ptr<ControlPlane::Attempt> attempt;  // null: begins just now
    bool is_cancelled = false;
  };

  std::string AddressOf(InstanceId instance) const;
  absl::Status Admit(const ControlPlane::Message& message, std::uint64_t& key);
  bool IsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnBegun(std::uint64_t key,
               std::shared_ptr<ControlPlane::Attempt> attempt);
  void OnDone(std::uint64_t key, ControlPlane::Outcome outcome);
  void OnCallDone(const UnderWay& done, ControlPlane::Outcome outcome);
  void Account(const ControlPlane::Outcome& outcome)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::uint64_t> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Parts parts_;

  mutable Mutex mutex_;
  CondVar ended_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t last_key_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, UnderWay> under_way_ ABSL_GUARDED_BY(mutex_);
  // The last attempt of each call.
  absl::flat_hash_map<std::uint64_t, std::uint64_t> keys_
      ABSL_GUARDED_BY(mutex_);
  // Of those that have not ended.
  std::size_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::uint64_t> waiters_ ABSL_GUARDED_BY(mutex_);
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<InstanceId, std::string> addresses_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
