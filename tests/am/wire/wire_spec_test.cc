// am/WIRE.md against the code: its examples are what we write and read.

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "am/handler_id.h"
#include "am/metadata.h"
#include "am/v1/wire.pb.h"
#include "am/wire/wire.h"
#include "gtest/gtest.h"

namespace am {
namespace {

using transport::Buffer;
using transport::InboundFrame;

constexpr std::uint64_t kClient = 0x0807060504030201;
constexpr std::uint64_t kServer = 0x1817161514131211;

// The bytes of the block "```hex <name>". Each line has an offset and bytes.
std::string Example(const std::string& name) {
  std::ifstream page("am/WIRE.md");
  std::string line;
  while (std::getline(page, line) && line != "```hex " + name) {
  }
  std::string digits;
  while (std::getline(page, line) && line != "```") {
    std::istringstream words(line);
    std::string word;
    words >> word;
    EXPECT_EQ(word,
              absl::StrCat(absl::Hex(digits.size() / 2, absl::kZeroPad4)));
    while (words >> word) digits += word;
  }
  return absl::HexStringToBytes(digits);
}

v1::Hello Hello() {
  v1::Hello hello;
  hello.mutable_peer()->set_id(kClient);
  hello.mutable_peer()->set_name("py");
  hello.mutable_peer()->add_addresses("tcp://127.0.0.1:5555");
  return hello;
}

FrameHeader Header() {
  FrameHeader header;
  header.sender = kClient;
  header.session = 3;
  header.first_sequence = 1;
  header.credit_messages = 1000;
  header.credit_bytes = 1 << 20;
  header.message_count = 1;
  return header;
}

TEST(WireSpec, HelloIsWhatWeWrite) {
  const v1::Hello hello = Hello();
  std::string frame = NewFrame();
  AppendMessage(frame, {.kind = MessageKind::kHello}, "", Payload::Of(hello));
  FinishFrame(Header(), frame);
  EXPECT_EQ(absl::BytesToHexString(frame),
            absl::BytesToHexString(Example("hello")));
}

TEST(WireSpec, HelloIsWhatWeRead) {
  const InboundFrame frame{Buffer(Example("hello")), {}};
  FrameReader reader;
  ASSERT_EQ(reader.Read(frame), WireError::kNone);
  EXPECT_EQ(reader.header().sender, kClient);
  EXPECT_EQ(reader.header().target, 0u);
  EXPECT_EQ(reader.header().session, 3u);
  MessageView message;
  ASSERT_TRUE(reader.Next(message));
  EXPECT_EQ(message.header.kind, MessageKind::kHello);
  EXPECT_EQ(message.payload, Hello().SerializeAsString());
}

TEST(WireSpec, CallIsWhatWeWrite) {
  FrameHeader header = Header();
  header.target = kServer;
  header.counted_session = 5;
  header.counted = 2;
  std::string frame = NewFrame();
  AppendMessage(frame,
                {.kind = MessageKind::kCall,
                 .budget = ToBudget(absl::Seconds(30)),
                 .handler = HandlerId("am.v1.Handlers/echo"),
                 .call_id = 7},
                *EncodeMetadata({{"trace-id", "42"}}), Payload::Borrow("hi"));
  FinishFrame(header, frame);
  EXPECT_EQ(absl::BytesToHexString(frame),
            absl::BytesToHexString(Example("call")));
}

TEST(WireSpec, CallIsWhatWeRead) {
  const InboundFrame frame{Buffer(Example("call")), {}};
  FrameReader reader;
  ASSERT_EQ(reader.Read(frame), WireError::kNone);
  EXPECT_EQ(reader.header().target, kServer);
  EXPECT_EQ(reader.header().counted_session, 5u);
  EXPECT_EQ(reader.header().counted, 2u);
  MessageView message;
  ASSERT_TRUE(reader.Next(message));
  EXPECT_EQ(message.header.kind, MessageKind::kCall);
  EXPECT_EQ(message.header.handler, 0x4febf3df54d446af);
  EXPECT_EQ(message.header.call_id, 7u);
  EXPECT_EQ(FromBudget(message.header.budget), absl::Seconds(30));
  EXPECT_EQ(message.sequence, 1u);
  EXPECT_EQ(*DecodeMetadata(message.metadata), (Metadata{{"trace-id", "42"}}));
  EXPECT_EQ(message.payload, "hi");
}

}  // namespace
}  // namespace am
