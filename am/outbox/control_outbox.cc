#include "am/outbox/control_outbox.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace am {

// -- Addresses ---------------------------------------------------------------

void ControlOutbox::NoteAddress(InstanceId instance,
                                const std::string& address) {
  MutexLock lock(mutex_);
  addresses_[instance] = address;
}

// What the instance says itself is newer than where it was found once.
std::string ControlOutbox::AddressOf(InstanceId instance) const {
  std::string address = parts_.find_address(instance);
  if (!address.empty()) return address;
  MutexLock lock(mutex_);
  const auto noted = addresses_.find(instance);
  return noted == addresses_.end() ? "" : noted->second;
}

bool ControlOutbox::Reaches(InstanceId instance) const {
  return parts_.plane != nullptr && !AddressOf(instance).empty();
}

std::shared_ptr<PendingCall> ControlOutbox::Discover(const std::string& address,
                                                     absl::Time deadline) {
  const auto call = parts_.calls.Begin(InstanceId(), deadline);
  ControlPlane::Message message;
  message.address = address;
  message.handler = "am.v1.Node/Discover";
  message.header.kind = MessageKind::kCall;
  message.header.codec = Codec::kProtobuf;
  message.header.call_id = call->id;
  message.timeout = deadline - parts_.clock.Now();
  absl::Status sent = Send(std::move(message));
  if (!sent.ok()) {
    parts_.calls.Finish(call->id, InstanceId(), {std::move(sent), {}, {}});
  }
  return call;
}

// -- Sending -----------------------------------------------------------------

absl::Status ControlOutbox::Send(ControlPlane::Message message) {
  if (parts_.plane == nullptr) {
    return absl::FailedPreconditionError(
        "this instance has no control plane (ManagerOptions::control_plane)");
  }
  if (message.address.empty()) message.address = AddressOf(message.target);
  if (message.address.empty()) {
    return absl::UnavailableError(
        absl::StrCat("instance ", message.target.ToString(),
                     " is not known to serve gRPC anywhere; see "
                     "Client::ConnectControl"));
  }
  message.sender = parts_.self;
  std::uint64_t key = 0;
  absl::Status admitted = Admit(message, key);
  if (!admitted.ok()) return admitted;
  OnBegun(key, parts_.plane->Start(std::move(message),
                                   [this, key](ControlPlane::Outcome outcome) {
                                     OnDone(key, std::move(outcome));
                                   }));
  return absl::OkStatus();
}

absl::Status ControlOutbox::Admit(const ControlPlane::Message& message,
                                  std::uint64_t& key) {
  const bool one_way = message.header.kind == MessageKind::kNoReturn;
  MutexLock lock(mutex_);
  if (closed_ || IsFull()) {
    ledger_.refused += one_way;
    if (closed_) return absl::UnavailableError("this instance has shut down");
    return absl::ResourceExhaustedError(absl::StrCat(
        "the control plane is full: ", messages_, " messages, ", bytes_,
        " bytes; retry later, or send with WhenFull::kWait"));
  }
  key = ++last_key_;
  UnderWay& entry = under_way_[key];
  entry.call_id = message.header.call_id;
  entry.target = message.target;
  entry.bytes = message.payload.size() + message.metadata.size();
  bytes_ += entry.bytes;
  ++messages_;
  if (one_way) {
    ++ledger_.accepted;
  } else {
    keys_[entry.call_id] = key;
  }
  return absl::OkStatus();
}

bool ControlOutbox::IsFull() const {
  return messages_ >= parts_.limits.queue_messages ||
         bytes_ >= parts_.limits.queue_bytes;
}

bool ControlOutbox::AwaitRoom(std::uint64_t waiter) {
  MutexLock lock(mutex_);
  if (closed_ || !IsFull()) return false;
  waiters_.push_back(waiter);
  return true;
}

// Now that there is an attempt it can be cancelled, if it has not ended.
void ControlOutbox::OnBegun(std::uint64_t key,
                            std::shared_ptr<ControlPlane::Attempt> attempt) {
  {
    MutexLock lock(mutex_);
    const auto found = under_way_.find(key);
    if (found == under_way_.end()) return;
    found->second.attempt = attempt;
    if (!found->second.is_cancelled) return;
  }
  attempt->Cancel();
}

// -- Ends --------------------------------------------------------------------

void ControlOutbox::OnDone(std::uint64_t key, ControlPlane::Outcome outcome) {
  UnderWay done;
  {
    MutexLock lock(mutex_);
    done = std::move(under_way_.find(key)->second);
    if (done.call_id == 0) Account(outcome);
  }
  if (done.call_id != 0) OnCallDone(done, std::move(outcome));
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    bytes_ -= done.bytes;
    --messages_;
    waiters = TakeWaiters();
  }
  for (const std::uint64_t waiter : waiters) {
    parts_.calls.Finish(waiter, InstanceId(), {});
  }
  if (done.call_id == 0) parts_.driver.Notify();
  done.attempt.reset();
  // Last: whoever closes waits for it.
  MutexLock lock(mutex_);
  if (const auto found = keys_.find(done.call_id);
      found != keys_.end() && found->second == key) {
    keys_.erase(found);
  }
  under_way_.erase(key);
  if (under_way_.empty()) ended_.NotifyAll();
}

void ControlOutbox::OnCallDone(const UnderWay& done,
                               ControlPlane::Outcome outcome) {
  const absl::Status& status = outcome.reply.status;
  if (!status.ok() && parts_.calls.TryAgain(done.call_id, done.target, status,
                                            outcome.end, parts_.clock.Now())) {
    return;
  }
  if (outcome.end != AttemptEnd::kLost) {
    outcome.reply.origin = outcome.end == AttemptEnd::kRan
                               ? ReplyOrigin::kHandler
                               : ReplyOrigin::kRefused;
  }
  parts_.calls.Finish(done.call_id, done.target, std::move(outcome.reply));
}

void ControlOutbox::Account(const ControlPlane::Outcome& outcome) {
  const absl::Status& status = outcome.reply.status;
  if (!status.ok() && outcome.end == AttemptEnd::kLost) {
    ++ledger_.in_doubt;
  } else if (absl::IsUnavailable(status) &&
             outcome.end == AttemptEnd::kUnsent) {
    ++ledger_.link_lost;  // It met another incarnation.
  } else {
    ++(ledger_.received.*AccountOf(status));
  }
}

std::vector<std::uint64_t> ControlOutbox::TakeWaiters() {
  const bool is_half_empty = messages_ <= parts_.limits.queue_messages / 2 &&
                             bytes_ <= parts_.limits.queue_bytes / 2;
  if (!is_half_empty && !closed_) return {};
  return std::exchange(waiters_, {});
}

void ControlOutbox::Cancel(std::uint64_t call_id) {
  std::shared_ptr<ControlPlane::Attempt> attempt;
  {
    MutexLock lock(mutex_);
    const auto key = keys_.find(call_id);
    if (key == keys_.end()) return;
    UnderWay& entry = under_way_.find(key->second)->second;
    entry.is_cancelled = true;
    attempt = entry.attempt;
  }
  if (attempt != nullptr) attempt->Cancel();
}

Ledger ControlOutbox::ledger() const {
  MutexLock lock(mutex_);
  return ledger_;
}

void ControlOutbox::Close() {
  std::vector<std::shared_ptr<ControlPlane::Attempt>> attempts;
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [key, entry] : under_way_) {
      entry.is_cancelled = true;
      if (entry.attempt != nullptr) attempts.push_back(entry.attempt);
    }
    waiters = TakeWaiters();
  }
  for (const auto& attempt : attempts) attempt->Cancel();
  for (const std::uint64_t waiter : waiters) {
    parts_.calls.Finish(waiter, InstanceId(), {});
  }
  MutexLock lock(mutex_);
  while (!under_way_.empty()) ended_.Wait(mutex_);
}

}  // namespace am
