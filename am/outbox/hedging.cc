#include "am/outbox/hedging.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/future.h"

namespace am {
namespace {

// What runs within is no part of the handler that this thread is in.
class WithoutContext {
 public:
  WithoutContext() : outer_(internal::ExchangeCurrentContext(nullptr)) {}
  ~WithoutContext() { internal::ExchangeCurrentContext(outer_); }

 private:
  Context* const outer_;
};

}  // namespace

// A call as its caller sees it. What may change belongs to Hedging's mutex.
class Hedging::Call final : public PendingCall {
 public:
  Call(std::shared_ptr<Hedging> owner, const MethodSpec& method,
       const AnyInstance& target, const Payload& value,
       const CallOptions& wanted)
      : PendingCall(std::move(owner)),
        name(method.name),
        spec(method),
        any(target),
        payload(Payload::Share(value.ToBuffer(), value.codec())),
        options(wanted) {
    spec.name = name;
    if (options.metadata != nullptr) metadata = *options.metadata;
    options.metadata = &metadata;
  }

  const RetryPolicy& policy() const {
    return options.retry.max_attempts != 0 ? options.retry : spec.retry;
  }

  const std::string name;
  MethodSpec spec;
  const AnyInstance any;
  const Payload payload;
  CallOptions options;
  Metadata metadata;
  absl::Time deadline;
  InstanceId first;

  DueKey due;
  bool is_hedged = false;
  bool is_over = false;
  int under_way = 1;
  std::array<std::shared_ptr<PendingCall>, 2> attempts;
  Reply last;  // how the attempt before ended, while there is another
};

std::shared_ptr<PendingCall> Hedging::Start(const MethodSpec& spec,
                                            const AnyInstance& any,
                                            const Payload& payload,
                                            const CallOptions& options) {
  if (!spec.idempotent) {
    return parts_.calls->Ended(absl::InvalidArgumentError(
        absl::StrCat(spec.name,
                     " is not declared idempotent: a hedged call "
                     "might run it twice")));
  }
  const absl::StatusOr<InstanceId> first =
      parts_.choose(any, spec, options, InstanceId());
  if (!first.ok()) return parts_.calls->Ended(first.status());
  const auto call =
      std::make_shared<Call>(shared_from_this(), spec, any, payload, options);
  const absl::Time now = parts_.clock.Now();
  call->deadline = now + Outbox::TimeoutOf(spec, options);
  call->first = *first;
  {
    MutexLock lock(mutex_);
    call->due = {now + options.hedge_after, ++last_number_};
    waiting_.emplace(call->due, call);
  }
  parts_.driver.WakeAt(call->due.first);
  Attempt(call, 0, *first, call->options);
  return call;
}

void Hedging::Attempt(const std::shared_ptr<Call>& call, std::size_t index,
                      InstanceId instance, const CallOptions& options) {
  const std::shared_ptr<PendingCall> attempt =
      parts_.outbox.StartCall(call->spec, instance, call->payload, options);
  bool is_over = false;
  {
    MutexLock lock(mutex_);
    is_over = call->is_over;
    if (!is_over) call->attempts[index] = attempt;
  }
  if (is_over) return attempt->Cancel();
  const bool waits = attempt->SetWake([self = shared_from_this(), call, index] {
    self->OnAttemptEnded(call, index);
  });
  if (!waits) return OnAttemptEnded(call, index);
}

// Makes the call to another instance, unless that was done. If there is none,
// the attempt under way is the only one.
void Hedging::Hedge(const std::shared_ptr<Call>& call) {
  {
    MutexLock lock(mutex_);
    if (call->is_over || call->is_hedged) return;
    call->is_hedged = true;
    ++call->under_way;
    waiting_.erase(call->due);
  }
  const absl::StatusOr<InstanceId> other =
      parts_.choose(call->any, call->spec, call->options, call->first);
  const absl::Duration left = call->deadline - parts_.clock.Now();
  if (other.ok() && left > absl::ZeroDuration()) {
    parts_.counters.Count(Counter::kHedged);
    const WithoutContext without_context;
    CallOptions options = call->options;
    options.timeout = left;
    options.when_full = WhenFull::kRefuse;  // This thread must not block.
    return Attempt(call, 1, *other, options);
  }
  mutex_.Lock();
  if (--call->under_way > 0 || call->is_over) return mutex_.Unlock();
  End(*call, std::move(call->last));
}

void Hedging::OnAttemptEnded(const std::shared_ptr<Call>& call,
                             std::size_t index) {
  mutex_.Lock();
  const std::shared_ptr<PendingCall> attempt = std::move(call->attempts[index]);
  if (attempt == nullptr || call->is_over) return mutex_.Unlock();
  Reply reply = attempt->TakeReply();
  const bool is_final =
      reply.status.ok() || !call->policy().codes.Contains(reply.status.code());
  if (is_final || (call->is_hedged && call->under_way == 1)) {
    return End(*call, std::move(reply));
  }
  call->last = std::move(reply);
  --call->under_way;
  mutex_.Unlock();
  Hedge(call);
}

// The call has not ended before.
void Hedging::End(Call& call, Reply reply) {
  call.is_over = true;
  waiting_.erase(call.due);
  const auto left = std::exchange(call.attempts, {});
  mutex_.Unlock();
  for (const auto& attempt : left) {
    if (attempt != nullptr) attempt->Cancel();
  }
  call.Complete(std::move(reply));
}

void Hedging::Cancel(PendingCall& pending) {
  auto& call = static_cast<Call&>(pending);
  mutex_.Lock();
  if (call.is_over) return mutex_.Unlock();
  End(call, {absl::CancelledError("the caller cancelled"), {}, {}});
}

absl::Time Hedging::OnTick(absl::Time now) {
  for (;;) {
    std::shared_ptr<Call> due;
    {
      MutexLock lock(mutex_);
      if (waiting_.empty()) return absl::InfiniteFuture();
      const auto& [when, call] = *waiting_.begin();
      if (when.first > now) return when.first;
      due = call;
    }
    Hedge(due);
  }
}

}  // namespace am
