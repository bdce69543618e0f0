// Rounds: contestants take turns, so that drift of the machine hits all alike.
//
//   round 1: a b c    round 2: b c a    round 3: c a b    ...
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/contestant.h"
#include "bench/recorder.h"
#include "bench/sample.h"
#include "bench/server_process.h"

namespace am::bench {

// Takes a sample of a caller that is connected to the process `server`.
using Measurement = std::function<absl::StatusOr<Sample>(
    Caller& caller, pid_t server, const Load& load)>;

// Of the operations of `load`, after a tenth of it to warm up.
absl::StatusOr<Sample> MeasureOperations(Caller& caller, pid_t server,
                                         const Load& load);

// The same, and how much more memory than before the warm-up each process took
// at the most: caller_peak_mb, server_peak_mb.
absl::StatusOr<Sample> MeasureMemoryToo(Caller& caller, pid_t server,
                                        const Load& load);

// Of doing nothing for the load's duration, after one operation.
absl::StatusOr<Sample> MeasureIdle(Caller& caller, pid_t server,
                                   const Load& load);

struct Schedule {
  Measurement measure = MeasureOperations;
  int rounds = 5;
  Load load = {};  // of one sample

  // A sample during which others used the machine is taken anew once it is
  // calm again; for this long in all, after which such samples are kept and
  // marked.
  absl::Duration patience = absl::ZeroDuration();

  // Names of those that take part; empty: all.
  std::vector<std::string> contestants = {};
};

// What became of one contestant. A failure ends its part; its samples are void.
struct Outcome {
  absl::Status status;
  std::vector<Sample> samples;  // one of each round
};

// By the contestant's name.
using Outcomes = std::map<std::string, Outcome>;

// Tells on stderr how it gets on. Takes from `schedule.patience` what it used.
Outcomes RunRounds(const Contestants& contestants, const Setting& setting,
                   Schedule& schedule);

}  // namespace am::bench
