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
  absl::Duration others;    // the rest of the machine, within about 20 ms

  // Others used more than a tenth of a processor. False below 0.3 s, for
  // which the machine's counters (10 ms) are too coarse.
  bool disturbed() const;
};

class CpuMeter {
 public:
  // Begins. `peer` must be a process that lives until Stop; this one, if there
  // is none.
  explicit CpuMeter(pid_t peer);

  CpuUse Stop() const;

 private:
  struct Reading {
    absl::Duration clock;
    absl::Duration measured;
    absl::Duration machine;
  };
  Reading Read() const;

  const pid_t peer_;
  const Reading begin_;
};

}  // namespace am::bench
