#include "tests/fault/flow.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/fault/server.h"

namespace am::fault {
namespace {

// Between attempts to connect to somebody who is not there yet.
constexpr absl::Duration kRetryAfter = absl::Milliseconds(5);
constexpr absl::Duration kConnectTimeout = absl::Seconds(1);

// A flow that is ahead of its pace by less than this does not wait.
constexpr absl::Duration kPaceStep = absl::Milliseconds(1);

}  // namespace

Flow::Flow(const CallerOptions& options, std::size_t index, Manager& manager,
           std::atomic<std::uint64_t>& next_operation,
           std::function<void()> on_end)
    : options_(options),
      by_registry_(!options.instance.registry.empty()),
      labelled_(AnyInstance().WithLabel(kFlowLabel, absl::StrCat(index))),
      index_(index),
      manager_(manager),
      next_operation_(next_operation),
      on_end_(std::move(on_end)),
      thread_([this] { Run(); }) {}

void Flow::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
  MutexLock lock(mutex_);
  while (calls_ > 0) changed_.Wait(mutex_);
}

void Flow::Run() {
  begun_ = absl::FromUnixNanos(NowNs());
  while (Continues()) {
    {
      MutexLock lock(mutex_);
      if (lost_ == peer_) peer_ = InstanceId();
    }
    if (peer_.is_nobody()) {
      Join();
    } else {
      AwaitTurn();
      SendNext();
    }
  }
  on_end_();
}

bool Flow::Continues() const {
  MutexLock lock(mutex_);
  return !stopping_ && (options_.messages == 0 || sent_ < options_.messages);
}

absl::StatusOr<InstanceId> Flow::Connect() {
  const absl::StatusOr<PeerInfo> peer =
      manager_.client().Connect(options_.servers[index_], kConnectTimeout);
  if (!peer.ok()) return peer.status();
  return peer->id;
}

absl::StatusOr<InstanceId> Flow::FindByRegistry() {
  for (const InstanceRecordPtr& instance : manager_.client().ListInstances()) {
    const auto label = instance->labels.find(kFlowLabel);
    if (label == instance->labels.end()) continue;
    if (label->second == absl::StrCat(index_)) return instance->peer.id;
  }
  return absl::NotFoundError("not known yet");
}

Target Flow::To() const {
  return by_registry_ ? Target(labelled_) : Target(peer_);
}

void Flow::Join() {
  const absl::StatusOr<InstanceId> peer =
      by_registry_ ? FindByRegistry() : Connect();
  if (peer.ok()) {
    peer_ = *peer;
    {
      MutexLock lock(mutex_);
      lost_ = InstanceId();
    }
    return Tell(absl::StrCat("joined ", index_, " ", peer_.ToString()));
  }
  Tell(absl::StrCat("refused ", index_));
  MutexLock lock(mutex_);
  if (!stopping_) changed_.WaitFor(mutex_, kRetryAfter);
}

void Flow::AwaitTurn() {
  if (options_.per_second == 0) return;
  const absl::Time due =
      begun_ + absl::Seconds(static_cast<double>(sent_) / options_.per_second);
  const absl::Duration early = due - absl::FromUnixNanos(NowNs());
  MutexLock lock(mutex_);
  if (early >= kPaceStep && !stopping_) changed_.WaitFor(mutex_, early);
}

void Flow::SendNext() {
  const std::uint64_t number = sent_++;
  if (number % options_.one_call_in == options_.one_call_in - 1) {
    AwaitPlace();
    const bool is_ack = number / options_.one_call_in % 2 == 0;
    StartCall(*Begin(is_ack ? Pattern::kAck : Pattern::kResponse, false));
  } else {
    SendOneWay(*Begin(Pattern::kNoReturn, number % 4 == 0));
  }
  if (sent_ % options_.tell_every == 0) {
    Tell(absl::StrCat("progress ", index_, " ", sent_));
  }
}

Sent* Flow::Begin(Pattern pattern, bool ordered) {
  Sent record;
  record.operation = next_operation_.fetch_add(1);
  record.sender = manager_.instance_id().value();
  record.target = peer_.value();
  record.begun_ns = NowNs();
  record.pattern = pattern;
  record.ordered = ordered;
  Sent* const written = options_.sent->Append(record);
  if (written == nullptr) {
    std::cerr << "the journal of what is sent is full" << std::endl;
    std::_Exit(1);
  }
  return written;
}

MessageBuilder Flow::Message(const char* handler, const Sent& record) const {
  MessageBuilder message = manager_.client().Message(handler);
  message.Payload(ToPayload(record.operation, options_.payload_bytes))
      .Timeout(options_.timeout);
  return message;
}

void Flow::SendOneWay(Sent& record) {
  MessageBuilder message =
      Message(record.ordered ? "in_order" : "note", record);
  if (options_.when_full == WhenFull::kWait) message.WaitWhenFull();
  const absl::Status status = message.SendDetached(To());
  record.accepted = status.ok();
  record.ended_ns = NowNs();
  NoteStatus(record, status);
}

void Flow::StartCall(Sent& record) {
  if (record.pattern == Pattern::kAck) {
    Message("check", record)
        .SendAndConfirm(To())
        .OnDone([this, &record](const absl::Status& status) {
          OnEnd(record, status, status.ok());
        });
    return;
  }
  Message("twice", record)
      .Retry(options_.retry)
      .Expect<std::string>()
      .Send(To())
      .OnDone([this, &record](const absl::StatusOr<std::string>& value) {
        const std::string payload =
            ToPayload(record.operation, options_.payload_bytes);
        OnEnd(record, value.status(),
              value.ok() && *value == absl::StrCat(payload, payload));
      });
}

// Takes a place among the calls in flight.
void Flow::AwaitPlace() {
  MutexLock lock(mutex_);
  while (calls_ >= options_.calls_in_flight) changed_.Wait(mutex_);
  ++calls_;
}

void Flow::OnEnd(Sent& record, const absl::Status& status,
                 bool value_is_right) {
  record.code = static_cast<std::uint8_t>(status.code());
  record.value_is_right = value_is_right;
  record.ended_ns = NowNs();
  std::atomic_ref(record.completions).fetch_add(1);
  NoteStatus(record, status);
  MutexLock lock(mutex_);
  --calls_;
  changed_.NotifyAll();
}

void Flow::NoteStatus(const Sent& record, const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return;
  {
    MutexLock lock(mutex_);
    if (lost_ == InstanceId(record.target)) return;
    lost_ = InstanceId(record.target);
  }
  Tell(absl::StrCat("lost ", index_));
}

}  // namespace am::fault
