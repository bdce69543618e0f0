#include "am/dispatch/gate.h"

#include <utility>

#include "am/dispatch/inbound_call.h"

namespace am {

Gate::Gate(int limit) : limit_(limit) {}
Gate::~Gate() = default;

void Gate::Enter(std::unique_ptr<InboundCall>& call) {
  MutexLock lock(mutex_);
  if (running_ < limit_) {
    ++running_;
  } else {
    waiting_.push_back(std::move(call));
  }
}

std::unique_ptr<InboundCall> Gate::Leave() {
  MutexLock lock(mutex_);
  if (waiting_.empty()) {
    --running_;
    return nullptr;
  }
  std::unique_ptr<InboundCall> next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

bool Gate::IsIdle() const {
  MutexLock lock(mutex_);
  return running_ == 0;
}

void Gate::Clear() {
  std::deque<std::unique_ptr<InboundCall>> abandoned;
  {
    MutexLock lock(mutex_);
    abandoned.swap(waiting_);
  }
}

}  // namespace am
