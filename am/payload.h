// Payload: what a message carries, before it is written to the wire.
//
// A small message is serialised straight into the frame that carries it; a
// large one, or one that several peers get, is serialised once into a Buffer
// that the frames share. Payload hides the difference.
//
// A Payload that borrows must not outlive what it borrows; passing one as an
// argument is what it is for.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "am/codec.h"
#include "am/transport/buffer.h"

namespace am {

class Payload {
 public:
  // No bytes.
  Payload() = default;

  // Borrows `message`, to be written in protobuf's binary form.
  static Payload Of(const google::protobuf::MessageLite& message);

  // Borrows `message`, to be written in `codec`. JSON is written at once.
  static Payload Of(const google::protobuf::Message& message, Codec codec);

  // Borrows the bytes.
  static Payload Borrow(absl::string_view bytes, Codec codec = Codec::kRaw);

  // Shares the bytes.
  static Payload Share(transport::Buffer bytes, Codec codec = Codec::kRaw);

  Codec codec() const { return codec_; }
  std::size_t size() const { return size_; }

  // Writes exactly size() bytes.
  void WriteTo(char* out) const;

  // The bytes as a Buffer: the shared one, or else newly written.
  transport::Buffer ToBuffer() const;

 private:
  const google::protobuf::MessageLite* message_ = nullptr;
  absl::string_view bytes_;
  transport::Buffer buffer_;
  std::size_t size_ = 0;
  Codec codec_ = Codec::kRaw;
};

}  // namespace am
