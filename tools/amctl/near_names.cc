#include "tools/amctl/near_names.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace am::amctl {
namespace {

constexpr std::size_t kMost = 3;

// How many letters have to be put in, taken out or changed (Levenshtein).
std::size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

// What a name is called by: after its slash, if it has one.
absl::string_view Short(absl::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

std::vector<std::string> NearNames(absl::string_view word,
                                   const std::vector<std::string>& names) {
  const std::string wanted = absl::AsciiStrToLower(word);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : names) {
    const std::string lower = absl::AsciiStrToLower(name);
    const std::size_t distance = std::min(
        Distance(wanted, lower), Distance(Short(wanted), Short(lower)) + 1);
    const bool is_within =
        Short(wanted).size() > 2 && absl::StrContains(lower, Short(wanted));
    const std::size_t few = std::max<std::size_t>(2, Short(wanted).size() / 3);
    if (is_within || distance <= few) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> result;
  for (auto& [distance, name] : near) {
    if (result.size() < kMost) result.push_back(std::move(name));
  }
  return result;
}

std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& names) {
  const std::vector<std::string> near = NearNames(word, names);
  if (near.empty()) return "";
  return absl::StrCat("; did you mean ", absl::StrJoin(near, ", "), "?");
}

}  // namespace am::amctl
