// Maps of protobuf messages as amctl shows them: in order of their keys, which
// protobuf's are not.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_join.h"
#include "google/protobuf/map.h"
#include "tools/amctl/json.h"

namespace am::amctl {

template <typename Value>
std::map<std::string, Value> Sorted(
    const google::protobuf::Map<std::string, Value>& map) {
  return {map.begin(), map.end()};
}

// "name=alice zone=a"
inline std::string LabelsText(
    const google::protobuf::Map<std::string, std::string>& labels) {
  return absl::StrJoin(Sorted(labels), " ", absl::PairFormatter("="));
}

// "frames 3, messages 7": those that are not zero.
inline std::string CountsText(
    const google::protobuf::Map<std::string, std::uint64_t>& counts) {
  std::map<std::string, std::uint64_t> some = Sorted(counts);
  std::erase_if(some, [](const auto& entry) { return entry.second == 0; });
  return absl::StrJoin(some, ", ", absl::PairFormatter(" "));
}

template <typename Value>
Json MapJson(const google::protobuf::Map<std::string, Value>& map) {
  Json json = Json::Object();
  for (const auto& [key, value] : Sorted(map)) json.Set(key, value);
  return json;
}

}  // namespace am::amctl
