// Metadata from outside, and the statuses within: what decodes is what we would
// have written.
//
// An input is a status code (one byte) and the metadata of a reply.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "am/metadata.h"
#include "am/wire/wire_status.h"

namespace am {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckMetadata(absl::string_view bytes) {
  const absl::StatusOr<Metadata> metadata = DecodeMetadata(bytes);
  Require(metadata.ok() == IsMetadata(bytes));
  if (!metadata.ok()) return;
  std::string again;
  for (const auto& [key, value] : *metadata) {
    Require(AppendMetadata(key, value, again));
  }
  Require(again == bytes);
  const absl::StatusOr<std::string> users = EncodeMetadata(*metadata);
  Require(!users.ok() || *users == bytes);
}

void CheckStatus(std::uint8_t code, absl::string_view bytes) {
  const absl::Status status = DecodeStatus(code, bytes);
  Require(status.ok() == (code == 0));
  const std::string again = EncodeStatus(status);
  Require(IsMetadata(again));
  if (!IsMetadata(bytes)) return;
  // Once cut to what may travel, it travels unchanged.
  const absl::Status bounded = DecodeStatus(EncodeStatusCode(status), again);
  Require(DecodeStatus(EncodeStatusCode(bounded), EncodeStatus(bounded)) ==
          bounded);
}

}  // namespace
}  // namespace am

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  // In memory of its own, so that a sanitizer sees its end.
  const std::vector<char> copy(data + 1, data + size);
  const absl::string_view bytes(copy.data(), copy.size());
  am::CheckMetadata(bytes);
  am::CheckStatus(data[0], bytes);
  return 0;
}
