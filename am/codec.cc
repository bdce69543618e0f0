#include "am/codec.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace am {
namespace {

absl::Status Malformed(const google::protobuf::Message& message,
                       absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(message.GetTypeName(), ": ", why));
}

absl::Status DecodeBinary(absl::string_view payload,
                          google::protobuf::Message& message) {
  if (payload.size() <= std::numeric_limits<int>::max() &&
      message.ParseFromArray(payload.data(),
                             static_cast<int>(payload.size()))) {
    return absl::OkStatus();
  }
  return Malformed(message, "not in protobuf's binary form");
}

absl::Status DecodeJson(absl::string_view payload,
                        google::protobuf::Message& message) {
  const google::protobuf::util::Status status =
      google::protobuf::util::JsonStringToMessage(
          {payload.data(), payload.size()}, &message);
  if (status.ok()) return absl::OkStatus();
  return Malformed(message, status.message().as_string());
}

}  // namespace

absl::string_view CodecName(Codec codec) {
  switch (codec) {
    case Codec::kRaw:
      return "raw";
    case Codec::kProtobuf:
      return "protobuf";
    case Codec::kJson:
      return "json";
  }
  return "unknown";
}

absl::Status Decode(absl::string_view payload, Codec codec,
                    google::protobuf::Message& message) {
  switch (codec) {
    case Codec::kProtobuf:
      return DecodeBinary(payload, message);
    case Codec::kJson:
      return DecodeJson(payload, message);
    case Codec::kRaw:
      // A message that carries nothing has no codec either.
      if (payload.empty()) return DecodeBinary(payload, message);
      break;
  }
  return Malformed(
      message, absl::StrCat("cannot be read from codec ", CodecName(codec)));
}

absl::Status Decode(absl::string_view payload, Codec /*codec*/,
                    std::string& bytes) {
  bytes.assign(payload.data(), payload.size());
  return absl::OkStatus();
}

absl::Status Decode(absl::string_view payload, Codec /*codec*/,
                    absl::string_view& bytes) {
  bytes = payload;
  return absl::OkStatus();
}

}  // namespace am
