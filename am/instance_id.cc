#include "am/instance_id.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace am {
namespace {

constexpr std::size_t kDigits = 16;

bool IsHexDigit(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c));
}

}  // namespace

InstanceId InstanceId::Random() {
  std::uint64_t value = 0;
  while (value == 0) {
    // Cannot fail since Linux 3.17; without entropy there is no identity.
    if (getentropy(&value, sizeof(value)) != 0) std::abort();
  }
  return InstanceId(value);
}

absl::StatusOr<InstanceId> InstanceId::Parse(absl::string_view text) {
  std::uint64_t value = 0;
  if (text.size() != kDigits ||
      !std::all_of(text.begin(), text.end(), IsHexDigit) ||
      !absl::SimpleHexAtoi(text, &value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an instance id is 16 hexadecimal digits, not \"", text, "\""));
  }
  return InstanceId(value);
}

std::string InstanceId::ToString() const {
  return absl::StrCat(absl::Hex(value_, absl::kZeroPad16));
}

}  // namespace am
