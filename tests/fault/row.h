// Row: what a case showed, as one line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace am::fault {

// A number that a case showed, and whether it is what it must be on a machine
// that does nothing else.
struct Figure {
  std::string name;
  std::string value;
  bool holds = true;
};

struct Row {
  std::string name;
  std::uint64_t messages = 0;   // sent, or tried to
  std::uint64_t delivered = 0;  // those of them for which a handler ran
  std::uint64_t in_doubt = 0;
  std::vector<std::string> violations = {};
  std::vector<Figure> figures = {};
  std::string skipped = {};  // not empty: it could not be tried, and why

  // Adds a count; more than `bound` is a violation.
  void AddCount(const std::string& figure, std::uint64_t count,
                std::uint64_t bound = ~std::uint64_t{0});

  // Adds durations' median and highest; more than `bound` does not hold.
  void AddTimes(const std::string& figure, std::vector<absl::Duration> times,
                absl::Duration bound = absl::InfiniteDuration());

  // Whether no violation was found, and all figures hold.
  bool ok() const;

  // "case  messages N  delivered N  in doubt N  violations N  figure ...  ok"
  std::string ToString() const;
};

}  // namespace am::fault
