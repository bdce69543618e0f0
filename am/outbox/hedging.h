// Hedging: calls that are made to a second instance when the first is slow.
//
// A hedged call (CallOptions::hedge_after) is made to one of the instances that
// its AnyInstance stands for. If that has not answered after a while, or failed
// in a way that another might not, the call is made to one other instance as
// well. What ends it first is its end, and the attempt that is left is
// cancelled:
//
//   one under way --- success, or a failure that is final ------------> done
//        | hedge_after has passed, or a failure that is not final       ^
//        v                                                              |
//   two under way --- success, or a failure that is final or the last --+
//
// Not final are the failures that the call's retry policy names: UNAVAILABLE
// and RESOURCE_EXHAUSTED, unless it says otherwise. The handler may so run
// twice, hence the contract must say that it is idempotent.
//
// This is the deferred hedged request of Dean and Barroso, "The Tail at Scale",
// Communications of the ACM 56 (2), 2013.
//
// Threads: any. Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/any_instance.h"
#include "am/call/call_table.h"
#include "am/call_options.h"
#include "am/clock.h"
#include "am/counters.h"
#include "am/driver/driver.h"
#include "am/method.h"
#include "am/outbox/outbox.h"
#include "am/payload.h"
#include "am/transport/mutex.h"

namespace am {

class Hedging final : public CallOwner,
                      public std::enable_shared_from_this<Hedging> {
 public:
  // All but `calls` must outlive the calls, not what is left of them once they
  // are done.
  struct Parts {
    // Whom a message goes to, other than `except`.
    std::function<absl::StatusOr<InstanceId>(
        const AnyInstance& any, const MethodSpec& spec,
        const CallOptions& options, InstanceId except)>
        choose;
    Outbox& outbox;
    std::shared_ptr<CallTable> calls;
    Driver& driver;
    const Clock& clock;
    Counters& counters;
  };

  explicit Hedging(Parts parts) : parts_(std::move(parts)) {}

  // See Client; `payload` is read before it returns. INVALID_ARGUMENT: the
  // method is not idempotent.
  std::shared_ptr<PendingCall> Start(const MethodSpec& spec,
                                     const AnyInstance& any,
                                     const Payload& payload,
                                     const CallOptions& options);

  // Begins the second attempts that are due; returns when to come again.
  absl::Time OnTick(absl::Time now);

  void Cancel(PendingCall& call) override;
  void Wait(PendingCall& call) override { parts_.calls->Wait(call); }
  void Resume(Continuation continuation) override {
    parts_.calls->Resume(std::move(continuation));
  }

 private:
  class Call;
  using DueKey = std::pair<absl::Time, std::uint64_t>;

  void Attempt(const std::shared_ptr<Call>& call, std::size_t index,
               InstanceId instance, const CallOptions& options);
  void Hedge(const std::shared_ptr<Call>& call);
  void OnAttemptEnded(const std::shared_ptr<Call>& call, std::size_t index);
  void End(Call& call, Reply reply) ABSL_UNLOCK_FUNCTION(mutex_);

  const Parts parts_;
  Mutex mutex_;
  std::uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  // Those whose second attempt has not begun, by when it is due.
  std::map<DueKey, std::shared_ptr<Call>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
