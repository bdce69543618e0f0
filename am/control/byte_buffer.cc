#include "am/control/byte_buffer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wrappers.pb.h"

namespace am::control {
namespace {

using google::protobuf::BytesValue;
using google::protobuf::io::CodedOutputStream;

// Field 1, with a length.
constexpr std::uint8_t kBytesTag = 0x0a;

// `slice` is fresh: nobody else sees its bytes.
std::uint8_t* BytesOf(grpc::Slice& slice) {
  return const_cast<std::uint8_t*>(slice.begin());
}

}  // namespace

absl::StatusOr<transport::Buffer> ToBuffer(const grpc::ByteBuffer& bytes) {
  auto slice = std::make_shared<grpc::Slice>();
  if (!bytes.TrySingleSlice(slice.get()).ok() &&
      !bytes.DumpToSingleSlice(slice.get()).ok()) {
    return absl::InternalError("gRPC gave no readable bytes");
  }
  const absl::string_view view(reinterpret_cast<const char*>(slice->begin()),
                               slice->size());
  return transport::Buffer(view, std::move(slice));
}

grpc::ByteBuffer ToByteBuffer(const Payload& payload) {
  grpc::Slice slice(payload.size());
  payload.WriteTo(reinterpret_cast<char*>(BytesOf(slice)));
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer WrapBytesValue(const Payload& payload) {
  if (payload.size() == 0) return ToByteBuffer(payload);
  const auto size = static_cast<std::uint32_t>(payload.size());
  grpc::Slice slice(1 + CodedOutputStream::VarintSize32(size) + size);
  std::uint8_t* out = BytesOf(slice);
  *out = kBytesTag;
  out = CodedOutputStream::WriteVarint32ToArray(size, out + 1);
  payload.WriteTo(reinterpret_cast<char*>(out));
  return grpc::ByteBuffer(&slice, 1);
}

absl::StatusOr<transport::Buffer> UnwrapBytesValue(
    const transport::Buffer& message) {
  BytesValue value;
  if (!value.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return absl::InvalidArgumentError(
        "the request is not a google.protobuf.BytesValue");
  }
  return transport::Buffer(std::move(*value.mutable_value()));
}

}  // namespace am::control
