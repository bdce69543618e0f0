// Flow: keeps so many operations under way; the end of one begins the next.
//
// For callers that are told of an end by a callback:
//
//   Flow flow(setting);
//   flow.Run(recorder, [&](Flow::Slot& slot) {
//     stub.Start(slot.payload(), [&](Result result) {
//       flow.End(slot, Check(result, slot.payload()));
//     });
//   });
//
// Each operation has a slot of its own, whose number tells the caller where to
// keep what belongs to it; payloads of different slots differ.
//
// Threads: End on any, several at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "am/transport/mutex.h"
#include "bench/contestant.h"
#include "bench/payload.h"
#include "bench/recorder.h"

namespace am::bench {

class Flow {
 public:
  class Slot {
   public:
    Slot(std::size_t number, std::size_t payload_bytes)
        : number_(number), payloads_(payload_bytes, number << 40) {}

    std::size_t number() const { return number_; }
    const std::string& payload() const { return payloads_.current(); }

   private:
    friend class Flow;

    std::size_t number_;
    PayloadMaker payloads_;
    Recorder::Moment begun_;
  };

  using Start = absl::FunctionRef<void(Slot&)>;

  explicit Flow(const Setting& setting);

  // Starts operations until `recorder` has enough of them or one has failed,
  // and blocks until all have ended. Returns the first failure. `start` begins
  // an operation with the slot's payload; it is called on this thread and on
  // those that call End, several at once.
  absl::Status Run(Recorder& recorder, Start start);

  // The operation of `slot` has ended. Begins the next one before it returns.
  // Once for each call of `start`, and not within it.
  void End(Slot& slot, const absl::Status& status);

 private:
  void Next(Slot& slot);
  bool Goes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::vector<Slot> slots_;
  const Start* start_ = nullptr;  // while Run runs

  Mutex mutex_;
  CondVar ended_;
  Recorder* recorder_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::bench
