// Payloads as gRPC keeps them, and raw bytes as google.protobuf.BytesValue.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "absl/status/statusor.h"
#include "am/payload.h"

namespace am::control {

// Shares in the bytes, or copies them if they are in pieces.
absl::StatusOr<transport::Buffer> ToBuffer(const grpc::ByteBuffer& bytes);

// Copies the bytes.
grpc::ByteBuffer ToByteBuffer(const Payload& payload);

// The same for a BytesValue that has the payload.
grpc::ByteBuffer WrapBytesValue(const Payload& payload);

// INVALID_ARGUMENT unless `message` is a BytesValue.
absl::StatusOr<transport::Buffer> UnwrapBytesValue(
    const transport::Buffer& message);

}  // namespace am::control
