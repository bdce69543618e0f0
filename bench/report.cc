#include "bench/report.h"

#include <algorithm>

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

double MedianP50(const Entry& entry) {
  return Median(entry.second.samples, &Sample::p50_us);
}

const Entry* FindBest(const Comparison& comparison, const Outcomes& outcomes,
                      Report& report) {
  const Entry* best = nullptr;
  for (const std::string& name : comparison.peers) {
    const Entry* entry = Find(comparison.case_name, name, outcomes, report);
    if (entry == nullptr) return nullptr;
    if (best == nullptr || MedianP50(*entry) < MedianP50(*best)) best = entry;
  }
  return best;
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

std::string ToJson(const Row& row) {
  return absl::StrFormat(
      R"({"case": %s, "metric": %s, "ours": %.3f, "peer": %s, )"
      R"("peer_value": %.3f, "ratio": %.4f, "ratio_low": %.4f, )"
      R"("ratio_high": %.4f, "peer_contestant": %s, "rounds": %d, )"
      R"("disturbed": %d})",
      Quoted(row.case_name), Quoted(row.metric), row.ours, Quoted(row.peer),
      row.peer_value, row.ratio.median, row.ratio.low, row.ratio.high,
      Quoted(row.peer_contestant), row.rounds, row.disturbed);
}

}  // namespace

void AddRows(const Comparison& comparison, const Outcomes& outcomes,
             Report& report) {
  const Entry* ours =
      Find(comparison.case_name, comparison.ours, outcomes, report);
  const Entry* peer = FindBest(comparison, outcomes, report);
  if (ours == nullptr || peer == nullptr) return;
  const std::vector<Sample>& our_samples = ours->second.samples;
  const std::vector<Sample>& peer_samples = peer->second.samples;
  for (const Metric& metric : kMetrics) {
    report.rows.push_back({
        .case_name = comparison.case_name,
        .metric = metric.name,
        .peer = comparison.peer,
        .peer_contestant = peer->first,
        .ours = Median(our_samples, metric.value),
        .peer_value = Median(peer_samples, metric.value),
        .ratio = Compare(our_samples, peer_samples, metric.value),
        .rounds = static_cast<int>(our_samples.size()),
        .disturbed = CountDisturbed(our_samples) + CountDisturbed(peer_samples),
    });
  }
}

std::string ToTable(const Report& report) {
  std::string table =
      absl::StrFormat("%-24s %-14s %9s %9s  %-12s %s\n", "case", "metric",
                      "ours", "peer", "peer is", "ratio (of rounds)");
  for (const Row& row : report.rows) {
    absl::StrAppendFormat(
        &table, "%-24s %-14s %9.1f %9.1f  %-12s %.2f (%.2f to %.2f)",
        row.case_name, row.metric, row.ours, row.peer_value,
        row.peer_contestant, row.ratio.median, row.ratio.low, row.ratio.high);
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
  const auto row_to_json = [](std::string* out, const Row& row) {
    absl::StrAppend(out, "\n  ", ToJson(row));
  };
  const auto quote = [](std::string* out, const std::string& text) {
    absl::StrAppend(out, "\n  ", Quoted(text));
  };
  return absl::StrCat(
      "{\"rows\": [", absl::StrJoin(report.rows, ",", row_to_json),
      "],\n \"void\": [", absl::StrJoin(report.voids, ",", quote), "]}\n");
}

}  // namespace am::bench
