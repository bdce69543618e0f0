// How an absl::Status travels: its code in the header of a reply, its message
// and payloads as metadata, under "am-message" and "am-detail:<type url>".
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace am {

// The code of a reply's header. One that no gRPC status has becomes UNKNOWN.
std::uint8_t EncodeStatusCode(const absl::Status& status);
absl::StatusCode DecodeStatusCode(std::uint8_t code);

// The metadata; empty for OK. A message above 16 KiB is cut, and payloads that
// find no room within kMaxMetadataBytes are left out, in order of their types.
std::string EncodeStatus(const absl::Status& status);

// The status again. Metadata that is malformed, or has other keys or more than
// 64 payloads, is taken as far as it goes.
absl::Status DecodeStatus(std::uint8_t code, absl::string_view metadata);

}  // namespace am
