// Plan: what a comparison compares, and the program that does it.
//
//   int main(int argc, char** argv) {
//     Benchmark benchmark = {.description = "..."};
//     benchmark.contestants.push_back(MakeZmqContestant(...));
//     benchmark.plan.push_back({.setting = {"ipc", 64},
//                               .comparisons = {{"ping_ipc_64", ...}}});
//     return RunBenchmark(benchmark, argc, argv);
//   }
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bench/contestant.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/server_process.h"

namespace am::bench {

// Comparisons that share a setting; all their contestants take turns.
struct PlannedRun {
  Setting setting;
  std::vector<Comparison> comparisons;
  absl::Duration think = absl::ZeroDuration();  // before each operation
};

struct Benchmark {
  std::string description;
  Contestants contestants;
  std::vector<PlannedRun> plan;
  Measurement measure = MeasureOperations;
  int rounds = 5;      // unless the command line says otherwise
  double seconds = 2;  // likewise
};

// What main returns. In the process of a server, serves. Otherwise compares
// what the command line asks for, --only CASE among others, and publishes it.
int RunBenchmark(Benchmark& benchmark, int argc, char** argv);

}  // namespace am::bench
