#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace am::bench {
namespace {

using Entry = Outcomes::value_type;

// Null if `name` has no samples; then the reason is added.
const Entry* Find(const std::string& case_name, const std::string& name,
                  const Outcomes& outcomes, Report& report) {
  const auto found = outcomes.find(name);
  if (found == outcomes.end()) {
    report.voids.push_back(absl::StrCat(case_name, ": ", name, " did not run"));
  } else if (!found->second.status.ok()) {
    report.voids.push_back(absl::StrCat(case_name, ": ", name, ": ",
                                        found->second.status.ToString()));
  } else {
    return &*found;
  }
  return nullptr;
}

const Entry* FindBest(const Comparison& comparison, const Outcomes& outcomes,
                      Report& report) {
  const auto cost = [&](const Entry& entry) {
    const double median = Median(entry.second.samples, comparison.best_by);
    return MoreIsBetter(comparison.best_by) ? -median : median;
  };
  const Entry* best = nullptr;
  for (const std::string& name : comparison.peers) {
    const Entry* entry = Find(comparison.case_name, name, outcomes, report);
    if (entry == nullptr) return nullptr;
    if (best == nullptr || cost(*entry) < cost(*best)) best = entry;
  }
  return best;
}

// Unless there is one already, or nothing was timed.
void AddCurve(const std::string& case_name, const Entry& entry,
              Report& report) {
  const std::vector<Sample>& samples = entry.second.samples;
  const bool is_there = absl::c_any_of(report.curves, [&](const Curve& curve) {
    return curve.case_name == case_name && curve.contestant == entry.first;
  });
  if (is_there || samples.empty() || samples.front().curve.empty()) return;
  Curve curve = {case_name, entry.first, {}};
  for (std::size_t i = 0; i < samples.front().curve.size(); ++i) {
    std::vector<double> of_rounds;
    for (const Sample& sample : samples) of_rounds.push_back(sample.curve[i]);
    curve.us.push_back(Median(std::move(of_rounds)));
  }
  report.curves.push_back(std::move(curve));
}

int CountDisturbed(const std::vector<Sample>& samples) {
  return static_cast<int>(
      std::count_if(samples.begin(), samples.end(),
                    [](const Sample& sample) { return sample.disturbed; }));
}

// Of ASCII without control characters.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// JSON has no infinity, which the ratio to a peer that takes nothing is.
std::string Number(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.4f", value) : "null";
}

// "1.05 (0.98 to 1.11)"; "-" to a peer that takes nothing, or has no such
// metric.
std::string ToText(const Ratio& ratio) {
  if (!std::isfinite(ratio.median)) return "-";
  return absl::StrFormat("%.2f (%.2f to %.2f)", ratio.median, ratio.low,
                         ratio.high);
}

std::string ToJson(const Row& row) {
  const std::pair<const char*, std::string> fields[] = {
      {"case", Quoted(row.case_name)},
      {"metric", Quoted(row.metric)},
      {"ours", Number(row.ours)},
      {"peer", Quoted(row.peer)},
      {"peer_value", Number(row.peer_value)},
      {"ratio", Number(row.ratio.median)},
      {"ratio_low", Number(row.ratio.low)},
      {"ratio_high", Number(row.ratio.high)},
      {"peer_contestant", Quoted(row.peer_contestant)},
      {"rounds", absl::StrCat(row.rounds)},
      {"disturbed", absl::StrCat(row.disturbed)},
  };
  const auto field_to_json = [](std::string* out, const auto& field) {
    absl::StrAppend(out, Quoted(field.first), ": ", field.second);
  };
  return absl::StrCat("{", absl::StrJoin(fields, ", ", field_to_json), "}");
}

std::string ToJson(const Curve& curve) {
  const auto number = [](std::string* out, double us) {
    absl::StrAppendFormat(out, "%.1f", us);
  };
  return absl::StrCat("{\"case\": ", Quoted(curve.case_name),
                      ", \"contestant\": ", Quoted(curve.contestant),
                      ", \"us\": [", absl::StrJoin(curve.us, ", ", number),
                      "]}");
}

// Elements of a JSON array, each in a line of its own.
template <typename T>
std::string Lines(const std::vector<T>& elements,
                  std::string (*to_json)(const T&)) {
  return absl::StrJoin(elements, ",", [&](std::string* out, const T& element) {
    absl::StrAppend(out, "\n  ", to_json(element));
  });
}

}  // namespace

void AddRows(const Comparison& comparison, const Outcomes& outcomes,
             Report& report) {
  const Entry* ours =
      Find(comparison.case_name, comparison.ours, outcomes, report);
  const Entry* peer = FindBest(comparison, outcomes, report);
  if (ours == nullptr || peer == nullptr) return;
  AddCurve(comparison.case_name, *ours, report);
  AddCurve(comparison.case_name, *peer, report);
  const std::vector<Sample>& our_samples = ours->second.samples;
  const std::vector<Sample>& peer_samples = peer->second.samples;
  for (const Metric& metric : our_samples.front().metrics) {
    report.rows.push_back({
        .case_name = comparison.case_name,
        .metric = metric.name,
        .peer = comparison.peer,
        .peer_contestant = peer->first,
        .ours = Median(our_samples, metric.name),
        .peer_value = Median(peer_samples, metric.name),
        .ratio = Compare(our_samples, peer_samples, metric.name),
        .rounds = static_cast<int>(our_samples.size()),
        .disturbed = CountDisturbed(our_samples) + CountDisturbed(peer_samples),
    });
  }
}

std::string ToTable(const Report& report) {
  std::string table =
      absl::StrFormat("%-26s %-19s %10s %10s  %-29s %s\n", "case", "metric",
                      "ours", "peer", "peer is", "ratio (of rounds)");
  for (const Row& row : report.rows) {
    absl::StrAppendFormat(&table, "%-26s %-19s %10.1f %10.1f  %-29s %s",
                          row.case_name, row.metric, row.ours, row.peer_value,
                          row.peer_contestant, ToText(row.ratio));
    if (row.disturbed > 0) {
      absl::StrAppendFormat(&table, "  %d disturbed", row.disturbed);
    }
    table += '\n';
  }
  for (const std::string& why : report.voids) {
    absl::StrAppend(&table, "void: ", why, "\n");
  }
  return table;
}

std::string ToJson(const Report& report) {
  return absl::StrCat("{\"rows\": [", Lines<Row>(report.rows, ToJson),
                      "],\n \"curves\": [", Lines<Curve>(report.curves, ToJson),
                      "],\n \"void\": [",
                      Lines<std::string>(report.voids, Quoted), "]}\n");
}

int Publish(const Report& report, const std::string& json_path) {
  std::fputs(ToTable(report).c_str(), stdout);
  if (!json_path.empty()) {
    std::ofstream file(json_path);
    file << ToJson(report) << std::flush;
    if (!file) {
      std::fprintf(stderr, "cannot write %s\n", json_path.c_str());
      return 1;
    }
  }
  return report.voids.empty() && !report.rows.empty() ? 0 : 1;
}

}  // namespace am::bench
