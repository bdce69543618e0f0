#include "am/wire/wire_status.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/metadata.h"

namespace am {
namespace {

constexpr absl::string_view kMessageKey = "am-message";
constexpr absl::string_view kDetailPrefix = "am-detail:";
constexpr std::size_t kMaxMessageBytes = std::size_t{16} << 10;
constexpr int kMaxDetails = 64;
constexpr int kLastCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

// Not in the middle of a character of UTF-8.
absl::string_view Cut(absl::string_view text) {
  if (text.size() <= kMaxMessageBytes) return text;
  std::size_t size = kMaxMessageBytes;
  while (size > 0 && (text[size] & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

// A status keeps them in no particular order.
std::vector<std::pair<std::string, std::string>> SortedDetails(
    const absl::Status& status) {
  std::vector<std::pair<std::string, std::string>> details;
  status.ForEachPayload(
      [&](absl::string_view type_url, const absl::Cord& value) {
        details.emplace_back(type_url, std::string(value));
      });
  std::sort(details.begin(), details.end());
  return details;
}

}  // namespace

std::uint8_t EncodeStatusCode(const absl::Status& status) {
  return static_cast<std::uint8_t>(status.code());
}

absl::StatusCode DecodeStatusCode(std::uint8_t code) {
  return code <= kLastCode ? static_cast<absl::StatusCode>(code)
                           : absl::StatusCode::kUnknown;
}

std::string EncodeStatus(const absl::Status& status) {
  std::string metadata;
  if (status.ok()) return metadata;
  if (!status.message().empty()) {
    AppendMetadata(kMessageKey, Cut(status.message()), metadata);
  }
  for (const auto& [type_url, value] : SortedDetails(status)) {
    AppendMetadata(absl::StrCat(kDetailPrefix, type_url), value, metadata);
  }
  return metadata;
}

absl::Status DecodeStatus(std::uint8_t code, absl::string_view metadata) {
  if (code == 0) return absl::OkStatus();
  absl::string_view message;
  std::vector<std::pair<absl::string_view, absl::string_view>> details;
  absl::string_view key, value;
  while (TakeMetadata(metadata, key, value)) {
    if (key == kMessageKey) {
      message = value;
    } else if (absl::ConsumePrefix(&key, kDetailPrefix) &&
               details.size() < kMaxDetails) {
      details.emplace_back(key, value);
    }
  }
  absl::Status status(DecodeStatusCode(code), message);
  for (const auto& [type_url, detail] : details) {
    status.SetPayload(type_url, absl::Cord(detail));
  }
  return status;
}

}  // namespace am
