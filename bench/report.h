// Report: ratios as rows, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "bench/rounds.h"
#include "bench/sample.h"

namespace am::bench {

// Who is compared with whom, under which name.
struct Comparison {
  std::string case_name;
  std::string ours;
  std::string peer;  // as the report calls it
  // Ways to use the same library: the one whose median of `best_by` is the
  // best is taken, for all rounds and metrics.
  std::vector<std::string> peers;
  std::string best_by = "p50_us";
};

struct Row {
  std::string case_name;
  std::string metric;
  std::string peer;
  std::string peer_contestant;
  double ours = 0;
  double peer_value = 0;
  Ratio ratio;
  int rounds = 0;
  int disturbed = 0;  // samples of either, that stayed so when repeated
};

// How long operations of one contestant took: percentiles 1 to 100, each the
// median over the rounds.
struct Curve {
  std::string case_name;
  std::string contestant;
  std::vector<double> us;
};

struct Report {
  std::vector<Row> rows;
  std::vector<Curve> curves;
  std::vector<std::string> voids;  // cases without rows, and why
};

// Adds a row for each metric and the curves of both, or why there can be none.
void AddRows(const Comparison& comparison, const Outcomes& outcomes,
             Report& report);

std::string ToTable(const Report& report);

// {"rows": [{"case": "ping_ipc_64", "metric": "p50_us", "ours": 95.1,
//            "peer": "libzmq", "peer_value": 88.0, "ratio": 1.08, ...}, ...],
//  "curves": [{"case": "ping_ipc_64", "contestant": "am_ping_thread",
//              "us": [61.2, ...]}, ...],
//  "void": ["..."]}
std::string ToJson(const Report& report);

// Prints the table, writes the JSON to the file `json_path` unless that is
// empty, and returns what main shall return: 1 if anything is void or nothing
// was compared.
int Publish(const Report& report, const std::string& json_path);

}  // namespace am::bench
