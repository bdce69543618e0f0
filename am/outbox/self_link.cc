#include "am/outbox/self_link.h"

#include "absl/strings/str_cat.h"
#include "am/future.h"

namespace am {

// -- Sending -----------------------------------------------------------------

absl::Status SelfLink::Send(MessageHeader header, absl::string_view metadata,
                            const Payload& payload, absl::Time deadline) {
  header.codec = payload.codec();
  const bool is_one_way = header.kind == MessageKind::kNoReturn;
  std::shared_ptr<HandlerEntry> runs_here = HandlerToRunHere(header.handler);
  Message message;
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
    message = {header, std::string(metadata), payload.ToBuffer(), deadline};
    if (delivering_) runs_here = nullptr;
    if (runs_here == nullptr) {
      bytes_ += message.bytes();
      queue_.push_back(std::move(message));
      if (std::exchange(delivering_, true)) return absl::OkStatus();
    }
  }
  if (runs_here != nullptr) {
    Dispatch(std::move(message), std::move(runs_here), /*may_run_here=*/true);
  } else {
    parts_.driver.RunOnPool([self = shared_from_this()] { self->Deliver(); });
  }
  return absl::OkStatus();
}

std::shared_ptr<HandlerEntry> SelfLink::HandlerToRunHere(
    std::uint64_t id) const {
  if (internal::CurrentContext() != nullptr || parts_.driver.IsInBurst()) {
    return nullptr;
  }
  std::shared_ptr<HandlerEntry> handler = parts_.handlers.Find(id);
  const bool is_inline =
      handler != nullptr && handler->spec().execution == Execution::kInline;
  return is_inline ? handler : nullptr;
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
    std::shared_ptr<HandlerEntry> handler =
        parts_.handlers.Find(message.header.handler);
    Dispatch(std::move(message), std::move(handler), /*may_run_here=*/false);
    mutex_.Lock();
  }
  delivering_ = false;
}

void SelfLink::Dispatch(Message message, std::shared_ptr<HandlerEntry> handler,
                        bool may_run_here) {
  Dispatcher::LocalMessage local;
  local.sender = shared_from_this();
  local.handler = std::move(handler);
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
