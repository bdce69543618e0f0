#include "tests/fault/row.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace am::fault {
namespace {

std::string Milliseconds(absl::Duration time) {
  return absl::StrFormat("%.1f", absl::ToDoubleMilliseconds(time));
}

}  // namespace

void Row::AddCount(const std::string& figure, std::uint64_t count,
                   std::uint64_t bound) {
  figures.push_back({figure, absl::StrCat(count)});
  if (count > bound) {
    violations.push_back(
        absl::StrCat(figure, " ", count, ", more than ", bound));
  }
}

void Row::AddTimes(const std::string& figure, std::vector<absl::Duration> times,
                   absl::Duration bound) {
  if (times.empty()) {
    figures.push_back({figure, "none was measured", false});
    return;
  }
  std::sort(times.begin(), times.end());
  const absl::Duration median = times[times.size() / 2];
  std::string value = absl::StrCat(Milliseconds(median), " ms");
  if (times.size() > 1) {
    absl::StrAppend(&value, ", at most ", Milliseconds(times.back()), " ms");
  }
  figures.push_back({figure, value, times.back() <= bound});
}

bool Row::ok() const {
  return violations.empty() &&
         std::all_of(figures.begin(), figures.end(),
                     [](const Figure& figure) { return figure.holds; });
}

std::string Row::ToString() const {
  if (!skipped.empty()) return absl::StrCat(name, "  SKIPPED: ", skipped);
  std::string text =
      absl::StrCat(name, "  messages ", messages, "  delivered ", delivered,
                   "  in doubt ", in_doubt, "  violations ", violations.size());
  for (const Figure& figure : figures) {
    absl::StrAppend(&text, "  ", figure.name, " ", figure.value,
                    figure.holds ? "" : " (TOO MUCH)");
  }
  return absl::StrCat(text, ok() ? "  ok" : "  FAILED");
}

}  // namespace am::fault
