#include "am/self_link.h"

#include "absl/strings/str_cat.h"
#include "am/future.h"

namespace am {

// -- Sending -----------------------------------------------------------------

absl::Status SelfLink::Send(MessageHeader header, absl::string_view metadata,
                            const Payload& payload, absl::Time deadline) {
  header.codec = payload.codec();
  const bool is_one_way = header.kind == MessageKind::kNoReturn;
  Message message = {header, std::string(metadata), payload.ToBuffer(),
                     deadline};
  const bool may_run_here = MayRunHere(header.handler);
  bool runs_here = false;
  {
    MutexLock lock(mutex_);
    if (IsFull()) {
      ledger_.refused += is_one_way;
      return absl::ResourceExhaustedError(
          absl::StrCat(queue_.size(), " messages, ", bytes_,
                       " bytes wait for this instance itself; retry later, or "
                       "send with WhenFull::kWait"));
    }
    ledger_.accepted += is_one_way;
    runs_here = may_run_here && !delivering_;
    if (!runs_here) {
      bytes_ += message.bytes();
      queue_.push_back(std::move(message));
      if (std::exchange(delivering_, true)) return absl::OkStatus();
    }
  }
  if (runs_here) {
    Dispatch(std::move(message), /*may_run_here=*/true);
  } else {
    parts_.driver.RunOnPool([self = shared_from_this()] { self->Deliver(); });
  }
  return absl::OkStatus();
}

bool SelfLink::MayRunHere(std::uint64_t handler) const {
  if (internal::CurrentContext() != nullptr || parts_.driver.IsInBurst()) {
    return false;
  }
  const std::shared_ptr<HandlerEntry> entry = parts_.handlers.Find(handler);
  return entry != nullptr && entry->spec().execution == Execution::kInline;
}

bool SelfLink::IsFull() const {
  return queue_.size() >= parts_.limits.queue_messages ||
         bytes_ >= parts_.limits.queue_bytes;
}

bool SelfLink::AwaitRoom(std::uint64_t waiter) {
  MutexLock lock(mutex_);
  if (!IsFull()) return false;
  waiters_.push_back(waiter);
  return true;
}

std::vector<std::uint64_t> SelfLink::TakeWaiters() {
  const bool is_half_empty =
      queue_.size() <= parts_.limits.queue_messages / 2 &&
      bytes_ <= parts_.limits.queue_bytes / 2;
  return is_half_empty ? std::exchange(waiters_, {})
                       : std::vector<std::uint64_t>();
}

// -- Receiving ---------------------------------------------------------------

void SelfLink::Deliver() {
  MutexLock lock(mutex_);
  while (!queue_.empty()) {
    Message message = std::move(queue_.front());
    queue_.pop_front();
    bytes_ -= message.bytes();
    const std::vector<std::uint64_t> waiters = TakeWaiters();
    mutex_.Unlock();
    if (!waiters.empty()) parts_.on_room(waiters);
    Dispatch(std::move(message), /*may_run_here=*/false);
    mutex_.Lock();
  }
  delivering_ = false;
}

void SelfLink::Dispatch(Message message, bool may_run_here) {
  Dispatcher::LocalMessage local;
  local.sender = shared_from_this();
  local.handler = parts_.handlers.Find(message.header.handler);
  local.header = message.header;
  local.metadata = transport::Buffer(std::move(message.metadata));
  local.payload = std::move(message.payload);
  local.deadline = message.deadline;
  local.is_from_self = true;
  local.may_run_here = may_run_here;
  parts_.dispatcher.DispatchLocal(std::move(local));
}

// -- Ends --------------------------------------------------------------------

void SelfLink::Reply(const MessageHeader& header, absl::string_view metadata,
                     const Payload& value) {
  MessageHeader reply = header;
  reply.codec = value.codec();
  parts_.on_reply(reply, metadata, value.ToBuffer());
}

void SelfLink::Account(const absl::Status& outcome) {
  MutexLock lock(mutex_);
  ++(ledger_.received.*AccountOf(outcome));
}

Ledger SelfLink::ledger() const {
  MutexLock lock(mutex_);
  return ledger_;
}

}  // namespace am
