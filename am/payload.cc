#include "am/payload.h"

#include <cstdint>
#include <cstring>
#include <memory>

#include "am/transport/blocks.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace am {

Payload Payload::Of(const google::protobuf::MessageLite& message) {
  Payload payload;
  payload.message_ = &message;
  payload.size_ = message.ByteSizeLong();
  payload.codec_ = Codec::kProtobuf;
  return payload;
}

Payload Payload::Of(const google::protobuf::Message& message, Codec codec) {
  if (codec != Codec::kJson) return Of(message);
  std::string json;
  // A message without a JSON form (an Any of an unknown type) leaves no bytes,
  // which the receiver refuses.
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) {
    json.clear();
  }
  return Share(transport::Buffer(std::move(json)), Codec::kJson);
}

Payload Payload::Borrow(absl::string_view bytes, Codec codec) {
  Payload payload;
  payload.bytes_ = bytes;
  payload.size_ = bytes.size();
  payload.codec_ = codec;
  return payload;
}

Payload Payload::Share(transport::Buffer bytes, Codec codec) {
  Payload payload = Borrow(bytes.view(), codec);
  payload.buffer_ = std::move(bytes);
  return payload;
}

void Payload::WriteTo(char* out) const {
  if (message_ != nullptr) {
    // The sizes were cached by Of.
    message_->SerializeWithCachedSizesToArray(
        reinterpret_cast<std::uint8_t*>(out));
  } else if (size_ != 0) {
    std::memcpy(out, bytes_.data(), size_);
  }
}

transport::Buffer Payload::ToBuffer() const {
  if (buffer_.owner() != nullptr) return buffer_;
  std::shared_ptr<char[]> bytes = transport::MakeBlock(size_);
  WriteTo(bytes.get());
  const absl::string_view view(bytes.get(), size_);
  return transport::Buffer(view, std::move(bytes));
}

}  // namespace am
