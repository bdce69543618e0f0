#include "am/codec.h"

#include "google/protobuf/source_context.pb.h"
#include "google/protobuf/type.pb.h"
#include "gtest/gtest.h"

namespace am {
namespace {

using google::protobuf::Enum;
using google::protobuf::SourceContext;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr Codec kUnknown = static_cast<Codec>(99);

SourceContext File(const char* name) {
  SourceContext file;
  file.set_file_name(name);
  return file;
}

TEST(Codec, HasNames) {
  EXPECT_EQ(CodecName(Codec::kRaw), "raw");
  EXPECT_EQ(CodecName(Codec::kProtobuf), "protobuf");
  EXPECT_EQ(CodecName(Codec::kJson), "json");
  EXPECT_EQ(CodecName(kUnknown), "unknown");
}

TEST(Decode, ReadsBinary) {
  SourceContext file;
  ASSERT_TRUE(
      Decode(File("x").SerializeAsString(), Codec::kProtobuf, file).ok());
  EXPECT_EQ(file.file_name(), "x");
}

TEST(Decode, ReadsJson) {
  SourceContext file;
  ASSERT_TRUE(Decode(R"({"fileName": "x"})", Codec::kJson, file).ok());
  EXPECT_EQ(file.file_name(), "x");
}

TEST(Decode, OverwritesTheMessage) {
  for (const auto& [payload, codec] :
       {std::pair("", Codec::kProtobuf), std::pair("{}", Codec::kJson),
        std::pair("", Codec::kRaw)}) {
    SourceContext file = File("before");
    ASSERT_TRUE(Decode(payload, codec, file).ok()) << CodecName(codec);
    EXPECT_EQ(file.file_name(), "") << CodecName(codec);
  }
}

TEST(Decode, NamesTheTypeThatIsNotBinary) {
  SourceContext file;
  const absl::Status status = Decode("\x0a\x7f", Codec::kProtobuf, file);
  EXPECT_EQ(status.code(), kInvalid);
  EXPECT_EQ(status.message(),
            "google.protobuf.SourceContext: not in protobuf's binary form");
}

TEST(Decode, TellsWhereJsonIsWrong) {
  SourceContext file;
  const absl::Status status = Decode(R"({"fileName" 7})", Codec::kJson, file);
  EXPECT_EQ(status.code(), kInvalid);
  EXPECT_NE(status.message().find("google.protobuf.SourceContext: "),
            absl::string_view::npos);
  EXPECT_NE(status.message().find("{\"fileName\" 7}\n"),
            absl::string_view::npos)
      << status;
}

TEST(Decode, RefusesUnknownJsonFields) {
  SourceContext file;
  EXPECT_EQ(Decode(R"({"fileNames": "x"})", Codec::kJson, file).code(),
            kInvalid);
}

TEST(Decode, RefusesJsonNestedTooDeeply) {
  std::string json;
  for (int i = 0; i < 10000; ++i) json += R"({"enumvalue":[)";
  Enum message;
  EXPECT_EQ(Decode(json, Codec::kJson, message).code(), kInvalid);
}

TEST(Decode, RefusesOtherCodecsForAMessage) {
  SourceContext file;
  EXPECT_EQ(Decode("x", Codec::kRaw, file).code(), kInvalid);
  EXPECT_EQ(Decode("x", kUnknown, file).code(), kInvalid);
}

TEST(Decode, BytesDecodeToThemselves) {
  const std::string payload("a\0b", 3);
  for (const Codec codec : {Codec::kRaw, Codec::kProtobuf, kUnknown}) {
    std::string bytes = "before";
    ASSERT_TRUE(Decode(payload, codec, bytes).ok());
    EXPECT_EQ(bytes, payload);
  }
}

}  // namespace
}  // namespace am
