#include "am/wire/wire.h"

#include <algorithm>
#include <functional>
#include <set>

#include "am/metadata.h"
#include "am/wire/crc32c.h"
#include "gtest/gtest.h"

namespace am {
namespace {

using transport::Buffer;
using transport::InboundFrame;

// A frame being put together, and what the reader makes of it.
struct Frame {
  std::string head = NewFrame();
  std::vector<Buffer> parts;
  FrameHeader header;

  Frame& Add(MessageKind kind, absl::string_view payload,
             absl::string_view metadata = "") {
    AppendMessage(head, {.kind = kind}, metadata, Payload::Borrow(payload));
    ++header.message_count;
    FinishFrame(header, head);
    return *this;
  }

  Frame& AddWithPart(MessageKind kind, absl::string_view payload,
                     absl::string_view metadata = "") {
    AppendMessageWithPart(head, {.kind = kind}, metadata,
                          Payload::Borrow(payload), parts);
    ++header.message_count;
    FinishFrame(header, head);
    return *this;
  }

  // Writes a number over some bytes and puts the checksum right again.
  template <typename T>
  Frame& Set(std::size_t offset, T value) {
    std::memcpy(head.data() + offset, &value, sizeof(value));
    const std::uint32_t sum = Crc32c(absl::string_view(head).substr(0, 60));
    std::memcpy(head.data() + 60, &sum, sizeof(sum));
    return *this;
  }

  InboundFrame Inbound() const { return {Buffer(head), parts}; }

  WireError Error() const {
    const InboundFrame frame = Inbound();
    FrameReader reader;
    const WireError error = reader.Read(frame);
    MessageView message;
    EXPECT_EQ(error == WireError::kNone && header.message_count != 0,
              reader.Next(message));
    return error;
  }
};

Frame Small() {
  return Frame().Add(MessageKind::kNoReturn, "payload",
                     *EncodeMetadata({{"k", "v"}}));
}

// Offsets in the frame's header and in its first message.
constexpr std::size_t kHeaderSize = 6;
constexpr std::size_t kCount = 56;
constexpr std::size_t kFlags = 64 + 1;
constexpr std::size_t kMetadataLength = 64 + 24;
constexpr std::size_t kPayloadLength = 64 + 28;
constexpr std::size_t kValueLength = 64 + 32 + 2;

TEST(Frame, CarriesItsHeader) {
  Frame frame;
  frame.header = {.sender = 1,
                  .target = 2,
                  .session = 3,
                  .counted_session = 4,
                  .first_sequence = 5,
                  .counted = 6,
                  .credit_messages = 7,
                  .credit_bytes = 8};
  frame.Add(MessageKind::kCall, "");
  const InboundFrame inbound = frame.Inbound();
  FrameReader reader;
  ASSERT_EQ(reader.Read(inbound), WireError::kNone);

  const FrameHeader& header = reader.header();
  EXPECT_EQ(header.magic, kWireMagic);
  EXPECT_EQ(header.major, 1);
  EXPECT_EQ(header.minor, 0);
  EXPECT_EQ(header.header_size, 64);
  EXPECT_EQ(header.sender, 1u);
  EXPECT_EQ(header.target, 2u);
  EXPECT_EQ(header.session, 3u);
  EXPECT_EQ(header.counted_session, 4u);
  EXPECT_EQ(header.first_sequence, 5u);
  EXPECT_EQ(header.counted, 6u);
  EXPECT_EQ(header.credit_messages, 7u);
  EXPECT_EQ(header.credit_bytes, 8u);
  EXPECT_EQ(header.message_count, 1u);
}

TEST(Frame, CarriesAMessage) {
  const std::string metadata = *EncodeMetadata({{"k", "v"}});
  std::string head = NewFrame();
  AppendMessage(head,
                {.kind = MessageKind::kReply,
                 .flags = kRetryable | 0x80,
                 .status = 9,
                 .budget = 10,
                 .handler = 11,
                 .call_id = 12},
                metadata, Payload::Borrow("payload", Codec::kJson));
  FinishFrame({.message_count = 1}, head);
  const InboundFrame inbound{Buffer(head), {}};
  FrameReader reader;
  ASSERT_EQ(reader.Read(inbound), WireError::kNone);
  MessageView message;
  ASSERT_TRUE(reader.Next(message));

  EXPECT_EQ(message.header.kind, MessageKind::kReply);
  EXPECT_EQ(message.header.flags, kRetryable | 0x80);
  EXPECT_EQ(message.header.codec, Codec::kJson);
  EXPECT_EQ(message.header.status, 9);
  EXPECT_EQ(message.header.budget, 10u);
  EXPECT_EQ(message.header.handler, 11u);
  EXPECT_EQ(message.header.call_id, 12u);
  EXPECT_EQ(message.metadata, metadata);
  EXPECT_EQ(message.payload, "payload");
  EXPECT_FALSE(reader.Next(message));
}

TEST(Frame, NumbersOnlyNumberedMessages) {
  Frame frame;
  frame.header.first_sequence = 7;
  frame.Add(MessageKind::kPing, "")
      .Add(MessageKind::kNoReturn, "")
      .Add(static_cast<MessageKind>(15), "")
      .Add(static_cast<MessageKind>(255), "")
      .Add(MessageKind::kReply, "");
  const InboundFrame inbound = frame.Inbound();
  FrameReader reader;
  ASSERT_EQ(reader.Read(inbound), WireError::kNone);
  std::vector<std::uint64_t> sequences;
  for (MessageView message; reader.Next(message);) {
    sequences.push_back(message.sequence);
  }
  EXPECT_EQ(sequences, (std::vector<std::uint64_t>{0, 7, 0, 8, 9}));
  EXPECT_EQ(reader.numbered(), 3u);
}

TEST(Frame, CarriesPayloadsInParts) {
  const std::string metadata = *EncodeMetadata({{"k", "v"}});
  const InboundFrame inbound =
      Frame()
          .AddWithPart(MessageKind::kCall, "first", metadata)
          .Add(MessageKind::kCall, "second")
          .AddWithPart(MessageKind::kCall, "third")
          .Inbound();
  FrameReader reader;
  ASSERT_EQ(reader.Read(inbound), WireError::kNone);
  MessageView message;
  ASSERT_TRUE(reader.Next(message));
  EXPECT_EQ(message.part, &inbound.parts[0]);
  EXPECT_EQ(message.payload, "first");
  EXPECT_EQ(message.metadata, metadata);
  ASSERT_TRUE(reader.Next(message));
  EXPECT_EQ(message.part, nullptr);
  EXPECT_EQ(message.payload, "second");
  ASSERT_TRUE(reader.Next(message));
  EXPECT_EQ(message.part, &inbound.parts[1]);
  EXPECT_EQ(message.payload, "third");
}

TEST(Frame, IsOutlivedByWhatIsShared) {
  const std::string metadata = *EncodeMetadata({{"k", "v"}});
  InboundFrame inbound = Frame()
                             .Add(MessageKind::kCall, "inline", metadata)
                             .AddWithPart(MessageKind::kCall, "part")
                             .Inbound();
  FrameReader reader;
  ASSERT_EQ(reader.Read(inbound), WireError::kNone);
  MessageView message;
  ASSERT_TRUE(reader.Next(message));
  const Buffer beside = reader.ShareMetadata(message);
  const Buffer in_head = reader.SharePayload(message);
  ASSERT_TRUE(reader.Next(message));
  const Buffer nothing = reader.ShareMetadata(message);
  const Buffer in_part = reader.SharePayload(message);
  inbound = InboundFrame();

  EXPECT_EQ(beside.view(), metadata);
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(in_head.view(), "inline");
  EXPECT_EQ(in_part.view(), "part");
}

TEST(Frame, MayHaveNoMessages) {
  Frame frame;
  FinishFrame({.counted = 5}, frame.head);
  EXPECT_EQ(frame.Error(), WireError::kNone);
}

TEST(Frame, CutAnywhereIsRefused) {
  const Frame whole =
      Frame().Add(MessageKind::kCall, "a").Add(MessageKind::kCall, "b");
  for (std::size_t size = 0; size < whole.head.size(); ++size) {
    Frame cut = whole;
    cut.head.resize(size);
    EXPECT_EQ(cut.Error(),
              size < 64 ? WireError::kTooShort : WireError::kBadLength)
        << size;
  }
}

TEST(Frame, WithAnyBitOfItsHeaderFlippedIsRefused) {
  for (std::size_t bit = 0; bit < sizeof(FrameHeader) * 8; ++bit) {
    Frame frame = Small();
    frame.head[bit / 8] =
        static_cast<char>(frame.head[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(frame.Error(), WireError::kNone) << bit;
  }
}

TEST(Frame, WithAnotherMagicIsRefused) {
  EXPECT_EQ(Small().Set(0, 'B').Error(), WireError::kBadMagic);
}

TEST(Frame, OfAnotherMajorIsToldApartByItsFirstBytes) {
  Frame frame = Small().Set(4, std::uint8_t{2});
  EXPECT_EQ(frame.Error(), WireError::kOtherMajor);
  frame.head.resize(8);
  const InboundFrame inbound = frame.Inbound();
  FrameReader reader;
  EXPECT_EQ(reader.Read(inbound), WireError::kOtherMajor);
  EXPECT_EQ(reader.header().major, 2);
}

TEST(Frame, OfALaterMinorHasMoreHeader) {
  Frame frame = Small().Set(5, std::uint8_t{9});
  frame.head.insert(64, "later");
  frame.Set(kHeaderSize, std::uint16_t{69});
  std::uint32_t sum = Crc32c(absl::string_view(frame.head).substr(0, 60));
  sum = Crc32c("later", sum);
  std::memcpy(frame.head.data() + 60, &sum, sizeof(sum));
  EXPECT_EQ(frame.Error(), WireError::kNone);

  frame.head[64] = 'L';
  EXPECT_EQ(frame.Error(), WireError::kBadChecksum);
}

TEST(Frame, WithALessOrLongerHeaderThanItHasIsRefused) {
  EXPECT_EQ(Small().Set(kHeaderSize, std::uint16_t{63}).Error(),
            WireError::kBadHeaderSize);
  EXPECT_EQ(Small().Set(kHeaderSize, std::uint16_t{0xffff}).Error(),
            WireError::kTooShort);
}

TEST(Frame, WithAnotherChecksumIsRefused) {
  Frame frame = Small();
  frame.head[60] = static_cast<char>(~frame.head[60]);
  EXPECT_EQ(frame.Error(), WireError::kBadChecksum);
}

TEST(Frame, WithLengthsBeyondItsEndIsRefused) {
  for (const std::uint32_t length : {8u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_EQ(Small().Set(kPayloadLength, length).Error(),
              WireError::kBadLength);
    EXPECT_EQ(Small()
                  .Set(kMetadataLength, length + 8)
                  .Set(kPayloadLength, 0xffffffffu)
                  .Error(),
              WireError::kBadLength);
  }
}

TEST(Frame, WithMoreMessagesThanBytesIsRefused) {
  EXPECT_EQ(Small().Set(kCount, 0xffffffffu).Error(), WireError::kBadLength);
}

TEST(Frame, WithBytesAfterTheLastMessageIsRefused) {
  EXPECT_EQ(Small().Set(kCount, 0u).Error(), WireError::kTrailingBytes);
  EXPECT_EQ(Small().Set(kPayloadLength, 6u).Error(), WireError::kTrailingBytes);
}

TEST(Frame, WithMalformedMetadataIsRefused) {
  EXPECT_EQ(Small().Set(kValueLength, 2u).Error(), WireError::kBadMetadata);
  EXPECT_EQ(Small().Set(kValueLength, 0u).Error(), WireError::kBadMetadata);
  Frame large;
  large.Add(MessageKind::kCall, "", std::string(kMaxMetadataBytes + 6, '\0'));
  EXPECT_EQ(large.Error(), WireError::kBadMetadata);
}

TEST(Frame, WithPartsThatDoNotMatchIsRefused) {
  Frame frame;
  frame.AddWithPart(MessageKind::kCall, "part");

  Frame missing = frame;
  missing.parts.clear();
  EXPECT_EQ(missing.Error(), WireError::kMissingPart);

  Frame extra = frame;
  extra.parts.emplace_back(std::string("more"));
  EXPECT_EQ(extra.Error(), WireError::kExtraPart);

  Frame other = frame;
  other.parts[0] = Buffer(std::string("shorter or longer"));
  EXPECT_EQ(other.Error(), WireError::kBadPartSize);

  EXPECT_EQ(Small().Set(kFlags, std::uint8_t{kPayloadInPart}).Error(),
            WireError::kMissingPart);
}

TEST(Frame, IsReadAfterARefusedOne) {
  FrameReader reader;
  const InboundFrame good = Small().Inbound();
  ASSERT_EQ(reader.Read(good), WireError::kNone);
  const InboundFrame bad = Small().Set(kCount, 2u).Inbound();
  ASSERT_EQ(reader.Read(bad), WireError::kBadLength);
  MessageView message;
  EXPECT_FALSE(reader.Next(message));
  ASSERT_EQ(reader.Read(good), WireError::kNone);
  EXPECT_TRUE(reader.Next(message));
}

TEST(WireError, EachHasAName) {
  std::set<absl::string_view> names;
  for (std::size_t i = 0; i < kWireErrors; ++i) {
    names.insert(WireErrorName(static_cast<WireError>(i)));
  }
  EXPECT_EQ(names.size(), kWireErrors);
  EXPECT_EQ(WireErrorName(WireError::kBadPartSize), "bad_part_size");
}

TEST(MessageKind, EachHasAName) {
  std::set<absl::string_view> names;
  for (int kind = 0; kind < 256; ++kind) {
    names.insert(MessageKindName(static_cast<MessageKind>(kind)));
  }
  EXPECT_EQ(names.size(), 14u);
  EXPECT_EQ(MessageKindName(static_cast<MessageKind>(21)), "UNKNOWN");
  EXPECT_EQ(MessageKindName(MessageKind::kAckCall), "ACK_CALL");
}

TEST(Budget, RoundsUp) {
  EXPECT_EQ(ToBudget(absl::Nanoseconds(1)), 1u);
  EXPECT_EQ(ToBudget(absl::Microseconds(100)), 1u);
  EXPECT_EQ(ToBudget(absl::Nanoseconds(100'001)), 2u);
  EXPECT_EQ(FromBudget(2), absl::Microseconds(200));
}

TEST(Budget, Saturates) {
  EXPECT_EQ(ToBudget(absl::ZeroDuration()), 0u);
  EXPECT_EQ(ToBudget(-absl::InfiniteDuration()), 0u);
  EXPECT_EQ(FromBudget(0), absl::ZeroDuration());
  EXPECT_EQ(ToBudget(absl::Hours(24)), 864'000'000u);
  EXPECT_EQ(ToBudget(absl::Hours(24 * 365 * 1000)), 864'000'000u);
  EXPECT_EQ(ToBudget(absl::InfiniteDuration()), 864'000'000u);
  EXPECT_EQ(FromBudget(kNoBudget), absl::Hours(24));
}

}  // namespace
}  // namespace am
