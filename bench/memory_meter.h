// MemoryMeter: how much more memory a process takes, at the most, than when
// the meter was made.
//
// Resident memory, as the kernel counts it for each process: what several
// share counts for each.
#pragma once

#include <sys/types.h>

namespace am::bench {

class MemoryMeter {
 public:
  // Begins, for a process of this user that lives until PeakMb. Gives back
  // what this process has freed, so that it is not used a second time.
  explicit MemoryMeter(pid_t process);

  // In megabytes of 2^20 bytes; zero if nothing was added.
  double PeakMb() const;

 private:
  const pid_t process_;
  const double resident_mb_;
};

}  // namespace am::bench
