#include "am/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/context.h"
#include "am/future.h"
#include "am/pattern_kind.h"

namespace am {
namespace {

MessageHeader HeaderOf(const MethodSpec& spec, std::uint64_t call_id) {
  MessageHeader header;
  header.kind = KindOf(spec.pattern);
  header.flags = spec.idempotent ? kRetryable : 0;
  header.handler = spec.id;
  header.call_id = call_id;
  return header;
}

}  // namespace

Outbox::Outbox(const ManagerOptions& options, const PeerTable& peers,
               std::shared_ptr<CallTable> calls, const Clock& clock)
    : options_(options),
      peers_(peers),
      calls_(std::move(calls)),
      clock_(clock) {}

absl::Duration Outbox::TimeoutOf(const MethodSpec& spec,
                                 const CallOptions& options) {
  absl::Duration timeout = options.timeout;
  if (timeout == absl::ZeroDuration()) timeout = spec.timeout;
  if (timeout == absl::ZeroDuration()) timeout = kDefaultTimeout;
  timeout = std::min(timeout, kMaxTimeout);
  if (const Context* const context = internal::CurrentContext()) {
    timeout = std::min(timeout, context->remaining());
  }
  return timeout;
}

void Outbox::SetToSelf(ToSelf to_self, CancelSelf cancel_self) {
  to_self_ = std::move(to_self);
  cancel_self_ = std::move(cancel_self);
}

absl::StatusOr<Outbox::Outgoing> Outbox::Prepare(
    const MethodSpec& spec, Target target, const Payload& payload,
    const CallOptions& options) const {
  if (spec.id == kNoHandler) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", spec.name,
                     "\" is not a handler's name: a letter, then letters, "
                     "digits and _"));
  }
  Outgoing outgoing;
  outgoing.target = target.instance();
  outgoing.peer = peers_.Find(outgoing.target);
  if (options.metadata != nullptr) {
    absl::StatusOr<std::string> metadata = EncodeMetadata(*options.metadata);
    if (!metadata.ok()) return metadata.status();
    outgoing.metadata = *std::move(metadata);
  }
  const std::size_t bytes = payload.size() + outgoing.metadata.size();
  if (bytes > options_.max_message_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a message of ", bytes, " bytes is above the limit of ",
        options_.max_message_bytes, " (ManagerOptions::max_message_bytes)"));
  }
  outgoing.timeout = TimeoutOf(spec, options);
  if (outgoing.timeout <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("the deadline has passed");
  }
  return outgoing;
}

std::shared_ptr<PendingCall> Outbox::StartCall(const MethodSpec& spec,
                                               Target target,
                                               const Payload& payload,
                                               const CallOptions& options) {
  if (const Context* const context = internal::CurrentContext();
      context != nullptr && context->stop_token().stop_requested()) {
    return calls_->Ended(absl::CancelledError(
        "the handler that makes the call has been cancelled"));
  }
  absl::StatusOr<Outgoing> outgoing = Prepare(spec, target, payload, options);
  if (!outgoing.ok()) return calls_->Ended(outgoing.status());
  const absl::Time now = clock_.Now();
  const std::shared_ptr<CallTable::Call> call =
      Begin(spec, payload, options, *outgoing, now + outgoing->timeout);
  const Repeatable* const again = call->again.get();
  MessageHeader header = HeaderOf(spec, call->id);
  if (again != nullptr) header.flags |= kTracked;
  absl::Status sent =
      Send(*outgoing, header, again == nullptr ? payload : again->payload,
           options, now);
  if (!sent.ok()) Fail(*call, std::move(sent));
  CancelWithHandler(call);
  return call;
}

void Outbox::CancelWithHandler(const std::shared_ptr<CallTable::Call>& call) {
  Context* const context = internal::CurrentContext();
  if (context == nullptr) return;
  context->NoteMakesCalls();
  calls_->CancelOn(call, context->stop_token());
}

// What a call with a policy would be sent again with is kept from now on.
std::shared_ptr<CallTable::Call> Outbox::Begin(const MethodSpec& spec,
                                               const Payload& payload,
                                               const CallOptions& options,
                                               const Outgoing& outgoing,
                                               absl::Time deadline) {
  const RetryPolicy& policy =
      options.retry.max_attempts != 0 ? options.retry : spec.retry;
  std::unique_ptr<Repeatable> again;
  if (policy.max_attempts > 1) {
    again = std::make_unique<Repeatable>();
    again->policy = policy;
    again->header = HeaderOf(spec, /*call_id=*/0);
    again->header.flags |= kTracked;
    again->metadata = outgoing.metadata;
    again->payload = Payload::Share(payload.ToBuffer(), payload.codec());
    again->deadline = deadline;
  }
  return calls_->Begin(outgoing.target, deadline, std::move(again));
}

void Outbox::Repeat(CallTable::Call& call) {
  const Repeatable& again = *call.again;
  Outgoing outgoing;
  outgoing.target = call.peer;
  outgoing.peer = peers_.Find(call.peer);
  const absl::Time now = clock_.Now();
  outgoing.timeout = again.deadline - now;
  outgoing.metadata = again.metadata;
  absl::Status sent = Send(outgoing, again.header, again.payload, {}, now);
  if (!sent.ok()) Fail(call, std::move(sent));
}

// The call could not be sent. It ends, unless that is tried again.
void Outbox::Fail(const CallTable::Call& call, absl::Status unsent) {
  if (calls_->TryAgain(call.id, call.peer, unsent, AttemptEnd::kUnsent,
                       clock_.Now())) {
    return;
  }
  calls_->Finish(call.id, call.peer, {std::move(unsent), {}, {}});
}

absl::Status Outbox::SendOneWay(const MethodSpec& spec, Target target,
                                const Payload& payload,
                                const CallOptions& options) {
  absl::StatusOr<Outgoing> outgoing = Prepare(spec, target, payload, options);
  if (!outgoing.ok()) return outgoing.status();
  return Send(*outgoing, HeaderOf(spec, /*call_id=*/0), payload, options,
              clock_.Now());
}

absl::Status Outbox::Send(const Outgoing& outgoing, MessageHeader header,
                          const Payload& payload, const CallOptions& options,
                          absl::Time now) {
  if (outgoing.target == peers_.self().id) {
    header.codec = payload.codec();
    to_self_({header, outgoing.metadata, payload.ToBuffer(),
              now + outgoing.timeout});
    return absl::OkStatus();
  }
  if (outgoing.peer == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("instance ", outgoing.target.ToString(),
                     " is not connected; Connect to it first"));
  }
  Link& link = outgoing.peer->link();
  const absl::Time deadline = now + outgoing.timeout;
  for (;;) {
    header.budget = ToBudget(deadline - now);
    absl::Status sent = link.Send(header, outgoing.metadata, payload, now);
    if (options.when_full == WhenFull::kRefuse ||
        !absl::IsResourceExhausted(sent)) {
      return sent;
    }
    absl::Status room = WaitForRoom(link, deadline);
    if (!room.ok()) return room;
    now = clock_.Now();
  }
}

absl::Status Outbox::WaitForRoom(Link& link, absl::Time deadline) {
  const auto room = calls_->Begin(InstanceId(), deadline);
  if (!link.AwaitRoom(room->id)) calls_->Finish(room->id, InstanceId(), {});
  CancelWithHandler(room);
  room->Wait();
  return room->TakeReply().status;
}

void Outbox::SendCancel(InstanceId id, std::uint64_t call_id) {
  if (id == peers_.self().id) return cancel_self_(call_id);
  const std::shared_ptr<Peer> peer = peers_.Find(id);
  if (peer == nullptr) return;
  MessageHeader header;
  header.kind = MessageKind::kCancel;
  header.call_id = call_id;
  // Without a connection the call is over at the peer as well.
  peer->link().Send(header, {}, Payload()).IgnoreError();
}

}  // namespace am
