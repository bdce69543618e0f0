#include "am/outbox/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/context.h"
#include "am/future.h"
#include "am/wire/pattern_kind.h"

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
               SelfLink& self, ControlOutbox& control,
               std::shared_ptr<CallTable> calls, Counters& counters,
               const Clock& clock)
    : options_(options),
      peers_(peers),
      self_(self),
      control_(control),
      calls_(std::move(calls)),
      counters_(counters),
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

// -- The way -----------------------------------------------------------------

Plane Outbox::PlaneOf(const MethodSpec& spec,
                      const CallOptions& options) const {
  const bool may_change = options_.control_plane != nullptr && !spec.ordered;
  return options.plane == Plane::kAuto && !may_change ? Plane::kData
                                                      : options.plane;
}

bool Outbox::MayFallBack(const Outgoing& outgoing) const {
  return outgoing.plane == Plane::kAuto && control_.Reaches(outgoing.target);
}

bool Outbox::IsToSelf(const Outgoing& outgoing) const {
  return outgoing.target == self_.id();
}

// Finds the way for an attempt. There is always one to ourselves.
void Outbox::Route(Outgoing& outgoing) const {
  outgoing.peer = peers_.Find(outgoing.target);
  if (outgoing.plane == Plane::kData) return;
  const bool is_connected =
      IsToSelf(outgoing) ||
      (outgoing.peer != nullptr && outgoing.peer->link().is_connected());
  outgoing.over_control = outgoing.plane == Plane::kControl ||
                          (!is_connected && MayFallBack(outgoing));
}

// -- Sending -----------------------------------------------------------------

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
  outgoing.plane = PlaneOf(spec, options);
  outgoing.handler = spec.name;
  Route(outgoing);
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
           options.when_full, now);
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
    again->handler = std::string(outgoing.handler);
    again->plane = outgoing.plane;
    again->metadata = outgoing.metadata;
    again->payload = Payload::Share(payload.ToBuffer(), payload.codec());
    again->deadline = deadline;
  }
  return calls_->Begin(outgoing.target, deadline, std::move(again),
                       outgoing.over_control);
}

void Outbox::Repeat(CallTable::Call& call) {
  const Repeatable& again = *call.again;
  Outgoing outgoing;
  outgoing.target = call.peer;
  outgoing.handler = again.handler;
  outgoing.plane = again.plane;
  Route(outgoing);
  if (!calls_->SetOverControl(call.id, outgoing.over_control)) return;
  const absl::Time now = clock_.Now();
  outgoing.timeout = again.deadline - now;
  outgoing.metadata = again.metadata;
  absl::Status sent =
      Send(outgoing, again.header, again.payload, WhenFull::kRefuse, now);
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
  return Send(*outgoing, HeaderOf(spec, /*call_id=*/0), payload,
              options.when_full, clock_.Now());
}

absl::Status Outbox::Send(Outgoing& outgoing, MessageHeader header,
                          const Payload& payload, WhenFull when_full,
                          absl::Time now) {
  for (;;) {
    header.budget = ToBudget(outgoing.timeout);
    absl::Status sent = TrySend(outgoing, header, payload, now);
    if (when_full == WhenFull::kRefuse || !absl::IsResourceExhausted(sent)) {
      return sent;
    }
    const absl::Time deadline = now + outgoing.timeout;
    absl::Status room = WaitForRoom(outgoing, deadline);
    if (!room.ok()) return room;
    now = clock_.Now();
    outgoing.timeout = deadline - now;
  }
}

absl::Status Outbox::TrySend(Outgoing& outgoing, const MessageHeader& header,
                             const Payload& payload, absl::Time now) {
  if (!outgoing.over_control) {
    if (IsToSelf(outgoing)) {
      return self_.Send(header, outgoing.metadata, payload,
                        now + outgoing.timeout);
    }
    absl::Status sent = SendOverLink(outgoing, header, payload, now);
    if (!absl::IsUnavailable(sent) || !MayFallBack(outgoing)) return sent;
    // The link has gone down just now.
    outgoing.over_control = true;
    const bool one_way = header.kind == MessageKind::kNoReturn;
    if (!one_way && !calls_->SetOverControl(header.call_id, true)) {
      return absl::OkStatus();  // The call has ended.
    }
  }
  return SendOverControl(outgoing, header, payload);
}

absl::Status Outbox::SendOverLink(const Outgoing& outgoing,
                                  const MessageHeader& header,
                                  const Payload& payload, absl::Time now) {
  if (outgoing.peer == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("instance ", outgoing.target.ToString(),
                     " is not connected; Connect to it first"));
  }
  absl::Status sent =
      outgoing.peer->link().Send(header, outgoing.metadata, payload, now);
  if (sent.ok()) counters_.Count(Counter::kSentOverData);
  return sent;
}

absl::Status Outbox::SendOverControl(const Outgoing& outgoing,
                                     const MessageHeader& header,
                                     const Payload& payload) {
  ControlPlane::Message message;
  message.handler = std::string(outgoing.handler);
  message.target = outgoing.target;
  message.header = header;
  message.header.codec = payload.codec();
  message.metadata = outgoing.metadata;
  message.payload = payload.ToBuffer();
  message.timeout = outgoing.timeout;
  absl::Status sent = control_.Send(std::move(message));
  if (!sent.ok()) return sent;
  counters_.Count(Counter::kSentOverControl);
  if (outgoing.plane == Plane::kAuto) counters_.Count(Counter::kFellBack);
  return sent;
}

absl::Status Outbox::WaitForRoom(const Outgoing& outgoing,
                                 absl::Time deadline) {
  const auto room = calls_->Begin(InstanceId(), deadline);
  if (!AwaitRoom(outgoing, room->id)) {
    calls_->Finish(room->id, InstanceId(), {});
  }
  CancelWithHandler(room);
  room->Wait();
  return room->TakeReply().status;
}

bool Outbox::AwaitRoom(const Outgoing& outgoing, std::uint64_t waiter) {
  if (outgoing.over_control) return control_.AwaitRoom(waiter);
  if (IsToSelf(outgoing)) return self_.AwaitRoom(waiter);
  return outgoing.peer->link().AwaitRoom(waiter);
}

// Whichever way it went last, an earlier attempt may have gone the other.
void Outbox::SendCancel(InstanceId id, std::uint64_t call_id) {
  control_.Cancel(call_id);
  if (id == self_.id()) return self_.Cancel(call_id);
  const std::shared_ptr<Peer> peer = peers_.Find(id);
  if (peer == nullptr) return;
  MessageHeader header;
  header.kind = MessageKind::kCancel;
  header.call_id = call_id;
  // Without a connection the call is over at the peer as well.
  peer->link().Send(header, {}, Payload()).IgnoreError();
}

}  // namespace am
