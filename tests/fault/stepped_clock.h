// A date that can be set for this process alone.
//
// The machine's clock is not ours to set. Whatever in a program that links
// this asks the C library for the time of day (clock_gettime with
// CLOCK_REALTIME, gettimeofday, time; hence std::chrono, the libraries it uses
// and, within two seconds, absl::Now) is told the real one plus all steps so
// far.
// CLOCK_MONOTONIC is left alone, as it is when somebody sets the date.
#pragma once

#include "absl/time/time.h"

namespace am::fault {

// Threads: any.
void StepClock(absl::Duration step);

}  // namespace am::fault
