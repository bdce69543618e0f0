#include "bench/flow.h"

namespace am::bench {

Flow::Flow(const Setting& setting) {
  for (int i = 0; i < setting.in_flight; ++i) {
    slots_.emplace_back(static_cast<std::size_t>(i), setting.payload_bytes);
  }
}

absl::Status Flow::Run(Recorder& recorder, Start start) {
  start_ = &start;
  {
    MutexLock lock(mutex_);
    recorder_ = &recorder;
    running_ = slots_.size();
    status_ = absl::OkStatus();
  }
  for (Slot& slot : slots_) Next(slot);
  MutexLock lock(mutex_);
  while (running_ > 0) ended_.Wait(mutex_);
  return status_;
}

void Flow::Next(Slot& slot) {
  slot.payloads_.Next();
  slot.begun_ = std::chrono::steady_clock::now();
  (*start_)(slot);
}

bool Flow::Goes() {
  if (status_.ok() && !recorder_->enough()) return true;
  if (--running_ == 0) ended_.NotifyAll();
  return false;
}

void Flow::End(Slot& slot, const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    recorder_->End(slot.begun_);
    if (status_.ok()) status_ = status;
    if (!Goes()) return;
  }
  Next(slot);
}

}  // namespace am::bench
