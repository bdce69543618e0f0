// Codec: how a message's payload is written.
//
// Typed handlers and stubs speak protobuf's binary form by default and its
// JSON mapping where asked (`CallOptions::codec`), for debugging and for
// clients without protobuf. Handlers with raw bytes take any codec as it is.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class MessageLite;
class Message;
}  // namespace google::protobuf

namespace am {

enum class Codec : std::uint8_t { kRaw = 0, kProtobuf = 1, kJson = 2 };

absl::string_view CodecName(Codec codec);

// Parses `payload` into `message`, which it overwrites. INVALID_ARGUMENT with
// the message's type and, for JSON, the place of the error.
absl::Status Decode(absl::string_view payload, Codec codec,
                    google::protobuf::Message& message);

// Raw bytes decode to themselves, whatever the codec: copied, or where they
// are.
absl::Status Decode(absl::string_view payload, Codec codec, std::string& bytes);
absl::Status Decode(absl::string_view payload, Codec codec,
                    absl::string_view& bytes);

}  // namespace am
