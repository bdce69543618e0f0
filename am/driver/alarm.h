// Alarm: wakes a thread later, unless it is put off until then.
//
// A timed wait that is to end later than it was begun with must be woken to be
// told, which costs two changes of threads. An alarm that is put off leaves the
// thread asleep.
#pragma once

#include "absl/time/time.h"
#include "am/transport/descriptors.h"

namespace am {

class Alarm final {
 public:
  // Without descriptors left it goes off each millisecond, set or not.
  Alarm();

  // It goes off once after `delay`, and not when it was to go off before.
  // Threads: any. Never blocks.
  void Set(absl::Duration delay) const;

  // Blocks until it goes off; may return earlier. Threads: one at a time.
  void Wait() const;

 private:
  const transport::Descriptor timer_;
};

}  // namespace am
