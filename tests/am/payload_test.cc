#include "am/payload.h"

#include "google/protobuf/any.pb.h"
#include "google/protobuf/source_context.pb.h"
#include "gtest/gtest.h"

namespace am {
namespace {

using google::protobuf::SourceContext;

SourceContext File() {
  SourceContext file;
  file.set_file_name("x");
  return file;
}

std::string Written(const Payload& payload) {
  std::string bytes(payload.size(), '?');
  payload.WriteTo(bytes.data());
  return bytes;
}

TEST(Payload, IsEmptyByDefault) {
  const Payload payload;
  EXPECT_EQ(payload.codec(), Codec::kRaw);
  EXPECT_EQ(Written(payload), "");
  EXPECT_TRUE(payload.ToBuffer().empty());
}

TEST(Payload, WritesAMessageInBinary) {
  const SourceContext file = File();
  const Payload payload = Payload::Of(file);
  EXPECT_EQ(payload.codec(), Codec::kProtobuf);
  EXPECT_EQ(Written(payload), file.SerializeAsString());
  EXPECT_EQ(payload.ToBuffer().view(), file.SerializeAsString());
}

TEST(Payload, WritesAMessageInJson) {
  const Payload payload = Payload::Of(File(), Codec::kJson);
  EXPECT_EQ(payload.codec(), Codec::kJson);
  EXPECT_EQ(Written(payload), R"({"fileName":"x"})");
}

TEST(Payload, OfAMessageIsNeverRaw) {
  const SourceContext file = File();
  EXPECT_EQ(Payload::Of(file, Codec::kRaw).codec(), Codec::kProtobuf);
}

TEST(Payload, WithoutAJsonFormIsOneNobodyDecodes) {
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/acme.Unknown");
  any.set_value("x");

  const Payload payload = Payload::Of(any, Codec::kJson);

  google::protobuf::Any decoded;
  EXPECT_EQ(Decode(payload.ToBuffer().view(), payload.codec(), decoded).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Payload, BorrowsBytes) {
  const std::string bytes("a\0b", 3);
  const Payload payload = Payload::Borrow(bytes, Codec::kJson);
  EXPECT_EQ(payload.codec(), Codec::kJson);
  EXPECT_EQ(Written(payload), bytes);
  EXPECT_NE(payload.ToBuffer().data(), bytes.data());
}

TEST(Payload, SharesABufferWithoutCopying) {
  const transport::Buffer buffer(std::string("shared"));
  const Payload payload = Payload::Share(buffer);
  EXPECT_EQ(Written(payload), "shared");
  EXPECT_EQ(payload.ToBuffer().data(), buffer.data());
}

TEST(Payload, KeepsItsBufferWhenCopied) {
  Payload copy;
  {
    const Payload payload = Payload::Share(transport::Buffer(std::string("s")));
    copy = payload;
  }
  EXPECT_EQ(Written(copy), "s");
}

}  // namespace
}  // namespace am
