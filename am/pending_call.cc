#include "am/pending_call.h"

#include <utility>

namespace am {

PendingCall::PendingCall(std::shared_ptr<CallOwner> owner)
    : owner_(std::move(owner)), state_(kPending) {}

PendingCall::PendingCall(Reply reply)
    : state_(kDone), reply_(std::move(reply)) {}

void PendingCall::Complete(Reply reply) {
  reply_ = std::move(reply);
  if (state_.exchange(kDone, std::memory_order_acq_rel) != kAwaited) return;
  if (wakes_) {
    std::move(continuation_)();
  } else {
    owner_->Resume(std::move(continuation_));
  }
}

bool PendingCall::Publish(Continuation continuation) {
  continuation_ = std::move(continuation);
  State expected = kPending;
  return state_.compare_exchange_strong(expected, kAwaited,
                                        std::memory_order_acq_rel);
}

void PendingCall::SetContinuation(Continuation continuation) {
  if (owner_ == nullptr) {  // Done before it began: there is nobody to ask.
    std::move(continuation)();
    return;
  }
  if (!Publish(std::move(continuation))) {
    owner_->Resume(std::move(continuation_));
  }
}

void PendingCall::DropContinuation() {
  State expected = kAwaited;
  state_.compare_exchange_strong(expected, kPending, std::memory_order_acq_rel);
}

bool PendingCall::SetWake(Continuation wake) {
  wakes_ = true;
  return Publish(std::move(wake));
}

void PendingCall::Cancel() {
  if (owner_ != nullptr) owner_->Cancel(*this);
}

void PendingCall::Wait() {
  if (!done()) owner_->Wait(*this);
}

}  // namespace am
