// StragglerScores: how long each rank takes, compared with the others, over
// time: 1 is typical, 3 takes three times as long as the median rank.
//
// A moving mean over operations of several ranks. Threads: one at a time.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace am::cohort {

class StragglerScores final {
 public:
  // How long each rank of an operation took, or so far, if it never was done.
  void Note(const std::vector<std::pair<int, absl::Duration>>& times);

  // 1 of a rank that is not known.
  double Of(int rank) const;

 private:
  std::map<int, double> scores_;
};

}  // namespace am::cohort
