// ComparisonFlags: what a comparison may be told on its command line.
//
// A value; one thread at a time.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "bench/rounds.h"

namespace am::bench {

struct ComparisonFlags {
  int rounds = 5;
  double seconds = 2;
  std::int64_t operations = Load().operations;
  double patience = 120;
  std::string json;

  // The options refer to this, which must outlive the parsing.
  void AddTo(CLI::App& app) {
    app.add_option("--rounds", rounds, "of all contestants by turns")
        ->check(CLI::PositiveNumber);
    app.add_option("--seconds", seconds, "of each sample");
    app.add_option("--operations", operations, "of each sample at the most")
        ->check(CLI::PositiveNumber);
    app.add_option("--patience", patience,
                   "in seconds, for repeating samples that others disturbed");
    app.add_option("--json", json, "a file to write the rows to");
  }

  Schedule schedule() const {
    return {.rounds = rounds,
            .load = {absl::Seconds(seconds), operations},
            .patience = absl::Seconds(patience)};
  }
};

}  // namespace am::bench
