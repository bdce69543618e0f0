#include "am/metadata.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace am {
namespace {

using KeyLength = std::uint16_t;
using ValueLength = std::uint32_t;

constexpr std::size_t kLengths = sizeof(KeyLength) + sizeof(ValueLength);

template <typename T>
void AppendNumber(std::size_t number, std::string& bytes) {
  const T value = static_cast<T>(number);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
std::size_t LoadNumber(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

bool IsKeyCharacter(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' ||
         c == '_' || c == '.';
}

bool IsUserKey(absl::string_view key) {
  return !key.empty() && !absl::StartsWith(key, "am-") &&
         std::all_of(key.begin(), key.end(), IsKeyCharacter);
}

}  // namespace

absl::StatusOr<std::string> EncodeMetadata(const Metadata& metadata) {
  std::string bytes;
  for (const auto& [key, value] : metadata) {
    if (!IsUserKey(key)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", absl::CHexEscape(key),
          "\" is not a metadata key: want a-z, 0-9, '-', '_', '.', and not "
          "\"am-\" in front"));
    }
    if (!AppendMetadata(key, value, bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("more than ", kMaxMetadataBytes, " bytes of metadata"));
    }
  }
  return bytes;
}

bool IsMetadata(absl::string_view bytes) {
  if (bytes.size() > kMaxMetadataBytes) return false;
  absl::string_view key, value;
  while (TakeMetadata(bytes, key, value)) {
  }
  return bytes.empty();
}

absl::StatusOr<Metadata> DecodeMetadata(absl::string_view bytes) {
  if (!IsMetadata(bytes)) {
    return absl::InvalidArgumentError("malformed metadata");
  }
  Metadata metadata;
  absl::string_view key, value;
  while (TakeMetadata(bytes, key, value)) metadata.emplace_back(key, value);
  return metadata;
}

bool AppendMetadata(absl::string_view key, absl::string_view value,
                    std::string& bytes) {
  if (key.size() > std::numeric_limits<KeyLength>::max() ||
      value.size() > kMaxMetadataBytes ||
      bytes.size() + kLengths + key.size() + value.size() > kMaxMetadataBytes) {
    return false;
  }
  AppendNumber<KeyLength>(key.size(), bytes);
  AppendNumber<ValueLength>(value.size(), bytes);
  bytes.append(key.data(), key.size());
  bytes.append(value.data(), value.size());
  return true;
}

bool TakeMetadata(absl::string_view& bytes, absl::string_view& key,
                  absl::string_view& value) {
  if (bytes.size() < kLengths) return false;
  const std::size_t key_length = LoadNumber<KeyLength>(bytes.data());
  const std::size_t value_length =
      LoadNumber<ValueLength>(bytes.data() + sizeof(KeyLength));
  // Compared one by one, so that no sum can overflow.
  const std::size_t left = bytes.size() - kLengths;
  if (key_length > left || value_length > left - key_length) return false;
  key = bytes.substr(kLengths, key_length);
  value = bytes.substr(kLengths + key_length, value_length);
  bytes.remove_prefix(kLengths + key_length + value_length);
  return true;
}

}  // namespace am
