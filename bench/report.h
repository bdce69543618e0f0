// Report: ratios as rows, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "bench/rounds.h"
#include "bench/sample.h"

namespace am::bench {

// Who is compared with whom, under which name. Of several peers (ways to use
// the same library) the one with the lower median p50 is taken, in all rounds.
struct Comparison {
  std::string case_name;
  std::string ours;
  std::string peer;  // as the report calls it
  std::vector<std::string> peers;
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

struct Report {
  std::vector<Row> rows;
  std::vector<std::string> voids;  // cases without rows, and why
};

// Adds a row for each metric, or why there can be none.
void AddRows(const Comparison& comparison, const Outcomes& outcomes,
             Report& report);

std::string ToTable(const Report& report);

// {"rows": [{"case": "ping_ipc_64", "metric": "p50_us", "ours": 95.1,
//            "peer": "libzmq", "peer_value": 88.0, "ratio": 1.08, ...}, ...],
//  "void": ["..."]}
std::string ToJson(const Report& report);

}  // namespace am::bench
