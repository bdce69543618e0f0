#include "am/dispatch/dispatcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "am/wire/pattern_kind.h"
#include "am/wire/wire_status.h"

namespace am {
namespace {

constexpr int kGates = 3;

// Its sender waits for it to end.
bool IsCall(const MessageHeader& header) {
  return header.kind != MessageKind::kNoReturn;
}

// Whether the caller may send it again, or has.
bool IsTracked(const MessageHeader& header) {
  return (header.flags & (kTracked | kRepeated)) != 0 && IsCall(header);
}

// What an instance says of itself it says until its end.
bool IsOwn(const HandlerEntry* handler) {
  return handler != nullptr &&
         absl::StartsWith(handler->spec().name, "am.v1.Node/");
}

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : options_(parts.options.execution),
      max_message_bytes_(parts.options.max_message_bytes),
      handlers_(parts.handlers),
      driver_(parts.driver),
      clock_(parts.clock),
      client_(parts.client),
      counters_(parts.counters),
      on_counted_(std::move(parts.on_counted)),
      window_(parts.options.dedup),
      planted_bug_(parts.options.planted_bug),
      manager_gate_(options_.max_concurrency > 0
                        ? std::make_shared<Gate>(options_.max_concurrency)
                        : nullptr),
      cancellations_(parts.driver) {}

Dispatcher::~Dispatcher() {
  if (manager_gate_ != nullptr) manager_gate_->Clear();
  for (const auto& [key, gate] : sender_gates_) gate->Clear();
  for (const auto& handler : handlers_.List()) {
    if (handler->gate() != nullptr) handler->gate()->Clear();
  }
}

void Dispatcher::Dispatch(const std::shared_ptr<Peer>& peer,
                          const MessageView& message, const FrameReader& reader,
                          absl::Time now) {
  if (IsTracked(message.header) && !EntersWindow(peer, message.header, now)) {
    return;
  }
  std::shared_ptr<HandlerEntry> handler =
      handlers_.Find(message.header.handler);
  const absl::Status status =
      Check(handler.get(), message.header,
            message.metadata.size() + message.payload.size());
  if (!status.ok()) return Refuse(peer, message.header, status);

  const bool inline_only =
      RunsInline(*handler) && !handler->handler().is_coroutine() &&
      !handler->makes_calls.load(std::memory_order_relaxed);
  InboundCall::Message parts;
  parts.sender = peer;
  parts.handler = std::move(handler);
  parts.header = message.header;
  parts.metadata = reader.ShareMetadata(message);
  parts.payload = reader.SharePayload(message);
  parts.deadline = now + FromBudget(message.header.budget);
  auto call =
      inline_only
          ? std::make_unique<InboundCall>(*this, std::move(parts), clock_,
                                          client_, &cancellations_.shared())
          : std::make_unique<InboundCall>(*this, std::move(parts), clock_,
                                          client_, std::stop_source());
  if (!inline_only) {
    cancellations_.Enter(*call, IsCall(message.header),
                         IsTracked(message.header));
  }
  ++active_;
  ++queued_;
  Admit(std::move(call));
}

bool Dispatcher::DispatchLocal(LocalMessage message) {
  const absl::Time now = clock_.Now();
  MessageHeader& header = message.header;
  header.budget = ToBudget(message.deadline - now);
  if (IsTracked(header) && !EntersWindow(message.sender, header, now)) {
    return true;
  }
  const absl::Status status =
      Check(message.handler.get(), header,
            message.metadata.size() + message.payload.size());
  if (!status.ok()) {
    Refuse(message.sender, header, status);
    return false;
  }
  auto call = std::make_unique<InboundCall>(
      *this,
      InboundCall::Message{std::move(message.sender),
                           std::move(message.handler), header,
                           std::move(message.metadata),
                           std::move(message.payload), message.deadline},
      clock_, client_, std::move(message.stop));
  cancellations_.Enter(*call, message.is_from_self && IsCall(header),
                       IsTracked(header));
  call->is_answered_at_once = !message.is_from_self;
  ++active_;
  ++queued_;
  call = PassGates(std::move(call));
  if (call == nullptr) return true;
  if (message.may_run_here && RunsInline(*call->message().handler)) {
    Begin(std::move(call));
  } else {
    Schedule(std::move(call));
  }
  return true;
}

absl::Status Dispatcher::Check(const HandlerEntry* handler,
                               const MessageHeader& header,
                               std::size_t bytes) const {
  if (refusing_.load(std::memory_order_relaxed) && !IsOwn(handler)) {
    return absl::UnavailableError("the instance is shutting down");
  }
  if (handler == nullptr) {
    return absl::UnimplementedError(absl::StrFormat(
        "there is no handler with id %016x; ListHandlers says which there are",
        header.handler));
  }
  const MethodSpec& spec = handler->spec();
  if (const Pattern sent = PatternOf(header.kind); sent != spec.pattern) {
    return absl::FailedPreconditionError(
        absl::StrCat("handler ", spec.name, " is ", PatternName(spec.pattern),
                     ", the message was sent as ", PatternName(sent)));
  }
  if (bytes > max_message_bytes_) return TooLarge("message", bytes);
  if (header.budget == 0) {
    counters_.Count(Counter::kExpiredOnArrival);
    return absl::DeadlineExceededError("the deadline passed on the way");
  }
  if (spec.execution != Execution::kInline &&
      queued_.load(std::memory_order_relaxed) >=
          static_cast<int>(options_.max_queued)) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "overloaded: ", options_.max_queued, " messages wait for a handler"));
  }
  return absl::OkStatus();
}

// True if the call is to run, of which OnFinished or Refuse must tell the
// window; otherwise it has been dealt with.
bool Dispatcher::EntersWindow(const std::shared_ptr<Sender>& sender,
                              const MessageHeader& header, absl::Time now) {
  if (planted_bug_.Strikes(PlantedBug::kNoDedup)) return true;
  const DedupWindow::Arrival arrival{
      .is_repeated = (header.flags & kRepeated) != 0,
      .is_idempotent = (header.flags & kRetryable) != 0,
      .sender = sender};
  DedupWindow::CachedReply reply;
  switch (window_.Admit({sender->id(), header.call_id}, arrival, now, reply)) {
    case DedupWindow::Verdict::kRun:
      return true;
    case DedupWindow::Verdict::kJoin:
      counters_.Count(Counter::kJoined);
      return false;
    case DedupWindow::Verdict::kReplay:
      counters_.Count(Counter::kReplayed);
      Replay(*sender, header.call_id, reply);
      return false;
    case DedupWindow::Verdict::kTooOld:
      counters_.Count(Counter::kTooOld);
      Reply(*sender, header.call_id, /*flags=*/0,
            absl::AbortedError("the call was sent again after its first "
                               "outcome, if any, had been forgotten"),
            Payload());
      return false;
  }
  return false;
}

void Dispatcher::Refuse(const std::shared_ptr<Sender>& sender,
                        const MessageHeader& header,
                        const absl::Status& status) {
  if (header.kind == MessageKind::kNoReturn) return Account(*sender, status);
  if (!IsTracked(header)) {
    return Reply(*sender, header.call_id, kNotRun, status, Payload());
  }
  for (const auto& each : Forget(sender, header)) {
    Reply(*each, header.call_id, kNotRun, status, Payload());
  }
}

// Has the window forget a call; returns who is to be answered.
DedupWindow::Senders Dispatcher::Forget(const std::shared_ptr<Sender>& sender,
                                        const MessageHeader& header) {
  DedupWindow::Senders all = window_.Forget({sender->id(), header.call_id});
  if (all.empty()) all = {sender};  // It never was in the window.
  return all;
}

void Dispatcher::Account(Sender& sender, const absl::Status& status) {
  if (planted_bug_.Strikes(PlantedBug::kSkippedCount)) return;
  sender.Account(status);
  on_counted_();
}

// What may run again, because it did not run or did without success and harm,
// is not kept.
void Dispatcher::Answer(const InboundCall& call, const absl::Status& status,
                        const Payload& value) {
  const MessageHeader& header = call.message().header;
  const std::shared_ptr<Sender>& sender = call.message().sender;
  const std::uint8_t flags = call.ran() ? 0 : kNotRun;
  if (!IsTracked(header)) {
    return Reply(*sender, header.call_id, flags, status, value);
  }
  if (!call.ran() || (!status.ok() && (header.flags & kRetryable) != 0)) {
    for (const auto& each : Forget(sender, header)) {
      Reply(*each, header.call_id, flags, status, value);
    }
    return;
  }
  const DedupWindow::CachedReply reply{
      EncodeStatusCode(status),
      status.ok() ? std::string() : EncodeStatus(status), value.codec(),
      value.ToBuffer()};
  DedupWindow::Senders all =
      window_.Finish({sender->id(), header.call_id}, reply, clock_.Now());
  if (all.empty()) all = {sender};  // It never was in the window.
  for (const auto& each : all) Replay(*each, header.call_id, reply);
}

void Dispatcher::Reply(Sender& sender, std::uint64_t call_id,
                       std::uint8_t flags, const absl::Status& status,
                       const Payload& value) {
  MessageHeader header;
  header.kind = MessageKind::kReply;
  header.flags = flags;
  header.call_id = call_id;
  header.status = EncodeStatusCode(status);
  const std::string metadata =
      status.ok() ? std::string() : EncodeStatus(status);
  sender.Reply(header, metadata, value);
}

void Dispatcher::Replay(Sender& sender, std::uint64_t call_id,
                        const DedupWindow::CachedReply& reply) {
  MessageHeader header;
  header.kind = MessageKind::kReply;
  header.call_id = call_id;
  header.status = reply.status;
  sender.Reply(header, reply.metadata,
               Payload::Share(reply.payload, reply.codec));
}

// -- Gates -------------------------------------------------------------------

void Dispatcher::Admit(std::unique_ptr<InboundCall> call) {
  call = PassGates(std::move(call));
  if (call != nullptr) Schedule(std::move(call));
}

// The call once it has passed them all; null: it waits at one of them.
std::unique_ptr<InboundCall> Dispatcher::PassGates(
    std::unique_ptr<InboundCall> call) {
  if (call != nullptr && IsUngated(*call->message().handler)) return call;
  while (call != nullptr && call->gates_passed < kGates) {
    const std::shared_ptr<Gate> gate = GateOf(*call, call->gates_passed);
    // Counted first: once the gate has it, it may be anywhere.
    ++call->gates_passed;
    if (gate != nullptr) gate->Enter(call);
  }
  return call;
}

bool Dispatcher::IsUngated(const HandlerEntry& handler) const {
  const MethodSpec& spec = handler.spec();
  return !spec.ordered && handler.gate() == nullptr &&
         (manager_gate_ == nullptr || spec.execution == Execution::kInline);
}

std::shared_ptr<Gate> Dispatcher::GateOf(const InboundCall& call, int index) {
  HandlerEntry& handler = *call.message().handler;
  switch (index) {
    case 0:
      return handler.spec().ordered ? SenderGate(call) : nullptr;
    case 1:
      return handler.gate();
    default:
      // The framework's own handlers answer also when all else is full.
      return handler.spec().execution == Execution::kInline ? nullptr
                                                            : manager_gate_;
  }
}

std::shared_ptr<Gate> Dispatcher::SenderGate(const InboundCall& call) {
  MutexLock lock(mutex_);
  std::shared_ptr<Gate>& gate = sender_gates_[{
      call.message().sender->id().value(), call.message().header.handler}];
  if (gate == nullptr) gate = std::make_shared<Gate>(1);
  return gate;
}

bool Dispatcher::RunsInline(const HandlerEntry& handler) const {
  if (handler.spec().execution == Execution::kAuto) {
    return handler.IsQuick(options_.inline_below);
  }
  return handler.spec().execution == Execution::kInline;
}

void Dispatcher::Schedule(std::unique_ptr<InboundCall> call) {
  const bool runs_inline = RunsInline(*call->message().handler);
  Work work = [this, call = std::move(call)]() mutable {
    Begin(std::move(call));
  };
  if (runs_inline) {
    driver_.RunQuick(std::move(work));
  } else {
    driver_.RunOnPool(std::move(work));
  }
}

// -- Running -----------------------------------------------------------------

void Dispatcher::Begin(std::unique_ptr<InboundCall> call) {
  --queued_;
  HandlerEntry& handler = *call->message().handler;
  const bool is_timed = handler.IsTimed(options_.inline_below);
  const absl::Time begin = is_timed ? clock_.Now() : driver_.RecentTime();
  if (begin >= call->message().deadline) {
    counters_.Count(Counter::kExpiredInQueue);
    return InboundCall::End(
        std::move(call),
        absl::DeadlineExceededError("the deadline passed before it could run"));
  }
  if ((cancellations_.all_cancelled() ||
       call->stop_source().stop_requested()) &&
      !IsOwn(&handler)) {
    counters_.Count(Counter::kCancelledInQueue);
    return InboundCall::End(std::move(call),
                            absl::CancelledError("the caller cancelled"));
  }
  absl::Status admitted = handlers_.Admit(call->context().sender(),
                                          call->message().metadata.view());
  if (!admitted.ok()) {
    counters_.Count(Counter::kNotAdmitted);
    return InboundCall::End(std::move(call), std::move(admitted));
  }
  handler.NoteBegun(begin);
  Run(std::move(call), begin, is_timed);
}

// Of a run that is not timed, it is noted if it has stalled: then this thread
// is in no burst any more.
void Dispatcher::Run(std::unique_ptr<InboundCall> call, absl::Time begin,
                     bool is_timed) {
  // A coroutine may have ended, and its call with it, before Run returns.
  const bool is_coroutine = call->message().handler->handler().is_coroutine();
  const std::shared_ptr<HandlerEntry> kept =
      is_coroutine ? call->message().handler : nullptr;
  HandlerEntry& handler = *call->message().handler;
  InboundCall::Run(call);
  const absl::Time now = is_timed ? clock_.Now() : driver_.RecentTime();
  const absl::Time end =
      call != nullptr ? std::min(now, call->answered_at) : now;
  if (is_timed || end > begin) handler.NoteRun(end - begin);
}

void Dispatcher::OnFinished(InboundCall& call, const absl::Status& status,
                            const Payload& value) {
  const InboundCall::Message& message = call.message();
  if (call.ran()) message.handler->NoteEnded();
  if (message.header.kind == MessageKind::kNoReturn) {
    Account(*message.sender, status);
  } else if (value.size() > max_message_bytes_) {
    Answer(call, TooLarge("reply", value.size()), Payload());
  } else {
    Answer(call, status, value);
  }
  cancellations_.Leave(call);
  for (int i = call.gates_passed - 1; i >= 0; --i) {
    const std::shared_ptr<Gate> gate = GateOf(call, i);
    if (gate != nullptr) Admit(gate->Leave());
  }
  if (--active_ == 0) driver_.Notify();
}

absl::Status Dispatcher::TooLarge(absl::string_view what,
                                  std::size_t bytes) const {
  return absl::ResourceExhaustedError(
      absl::StrCat("the ", what, " of ", bytes, " bytes is above the limit of ",
                   max_message_bytes_, " (ManagerOptions::max_message_bytes)"));
}

void Dispatcher::CancelAllOf(const Peer& peer) {
  cancellations_.CancelAllOf(peer.id());
  MutexLock lock(mutex_);
  std::erase_if(sender_gates_, [&peer](const auto& entry) {
    return entry.first.first == peer.id().value() && entry.second->IsIdle();
  });
}

}  // namespace am
