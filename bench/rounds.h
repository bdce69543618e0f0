// Rounds: contestants take turns, so that drift of the machine hits all alike.
//
//   round 1: a b c    round 2: b c a    round 3: c a b    ...
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/contestant.h"
#include "bench/recorder.h"
#include "bench/sample.h"
#include "bench/server_process.h"

namespace am::bench {

struct Schedule {
  int rounds = 5;
  Load load;  // of one sample, after a tenth of it to warm up

  // A sample during which others used the machine is taken anew once it is
  // calm again; for this long in all, after which such samples are kept and
  // marked.
  absl::Duration patience = absl::ZeroDuration();
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
