// CpuMeter: processor time between two moments, of the processes measured and
// of all others.
//
// On a machine with few processors one busy stranger changes what is measured:
// with one of two taken, both sides of a ping share the other, and the round
// trip falls, since nobody is woken on a processor that sleeps.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "absl/time/time.h"

namespace am::bench {

struct CpuUse {
  absl::Duration elapsed;
  absl::Duration measured;  // this process and its peer
  absl::Duration others;    // all others that can be seen, within 20 ms or so

  // Others used more than a tenth of a processor. False below 0.3 s, for
  // which their counters (10 ms) are too coarse.
  bool disturbed() const;
};

class CpuMeter {
 public:
  // Begins. `peer` must be a process that lives until Stop; this one, if there
  // is none.
  explicit CpuMeter(pid_t peer);

  CpuUse Stop() const;

 private:
  absl::Duration Measured() const;

  const pid_t peer_;
  const absl::Duration others_;
  const absl::Duration measured_;
  const absl::Duration begun_;
};

}  // namespace am::bench
