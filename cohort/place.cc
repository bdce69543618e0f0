#include "am/cohort/place.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace am::cohort {
namespace {

constexpr char kKey[] = "cohort-place";

Place Parse(absl::string_view text) {
  Place place;
  const std::size_t dot = text.find('.');
  const bool parses =
      dot != text.npos &&
      absl::SimpleAtoi(text.substr(0, dot), &place.cohort_id) &&
      absl::SimpleAtoi(text.substr(dot + 1), &place.joined_epoch);
  return parses ? place : Place();
}

}  // namespace

Metadata ToMetadata(const Place& place) {
  return {{kKey, absl::StrCat(place.cohort_id, ".", place.joined_epoch)}};
}

std::optional<Place> FindPlace(absl::string_view metadata) {
  absl::string_view key, value;
  while (TakeMetadata(metadata, key, value)) {
    if (key == kKey) return Parse(value);
  }
  return std::nullopt;
}

}  // namespace am::cohort
