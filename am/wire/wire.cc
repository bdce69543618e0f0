#include "am/wire/wire.h"

#include <algorithm>

#include "am/metadata.h"
#include "am/wire/crc32c.h"

namespace am {
namespace {

// The part of the header that never changes, and where the checksum is.
constexpr std::size_t kFrozenSize = 8;
constexpr std::size_t kChecksumAt = offsetof(FrameHeader, checksum);

// Units of 100 microseconds.
constexpr std::int64_t kUnitNanoseconds = 100'000;
constexpr std::int64_t kMaxBudget = 24LL * 60 * 60 * 10'000;

// Of all of the header but the checksum itself.
std::uint32_t Checksum(absl::string_view header) {
  const std::uint32_t sum = Crc32c(header.substr(0, kChecksumAt));
  return header.size() == sizeof(FrameHeader)
             ? sum
             : Crc32c(header.substr(sizeof(FrameHeader)), sum);
}

}  // namespace

absl::string_view MessageKindName(MessageKind kind) {
  switch (kind) {
    case MessageKind::kHello:
      return "HELLO";
    case MessageKind::kHelloAck:
      return "HELLO_ACK";
    case MessageKind::kPing:
      return "PING";
    case MessageKind::kPong:
      return "PONG";
    case MessageKind::kCounts:
      return "COUNTS";
    case MessageKind::kDraining:
      return "DRAINING";
    case MessageKind::kGoodbye:
      return "GOODBYE";
    case MessageKind::kGaveUp:
      return "GAVE_UP";
    case MessageKind::kNoReturn:
      return "NO_RETURN";
    case MessageKind::kAckCall:
      return "ACK_CALL";
    case MessageKind::kCall:
      return "CALL";
    case MessageKind::kReply:
      return "REPLY";
    case MessageKind::kCancel:
      return "CANCEL";
  }
  return "UNKNOWN";
}

absl::string_view WireErrorName(WireError error) {
  static constexpr std::array<absl::string_view, kWireErrors> kNames = {
      "none",         "too_short",       "bad_magic",
      "other_major",  "bad_header_size", "bad_checksum",
      "bad_length",   "bad_metadata",    "trailing_bytes",
      "missing_part", "extra_part",      "bad_part_size"};
  return kNames[static_cast<std::size_t>(error)];
}

std::uint32_t ToBudget(absl::Duration left) {
  if (left <= absl::ZeroDuration()) return 0;
  // Saturates, far above 24 hours.
  const std::int64_t units =
      (absl::ToInt64Nanoseconds(left) - 1) / kUnitNanoseconds + 1;
  return static_cast<std::uint32_t>(std::min(units, kMaxBudget));
}

absl::Duration FromBudget(std::uint32_t budget) {
  return absl::Nanoseconds(std::min<std::int64_t>(budget, kMaxBudget) *
                           kUnitNanoseconds);
}

void AppendMessage(std::string& frame, MessageHeader header,
                   absl::string_view metadata, const Payload& payload) {
  header.codec = payload.codec();
  header.metadata_length = static_cast<std::uint32_t>(metadata.size());
  header.payload_length = static_cast<std::uint32_t>(payload.size());
  const std::size_t begin = frame.size();
  frame.resize(begin + sizeof(header) + metadata.size() + payload.size());
  char* to = frame.data() + begin;
  std::memcpy(to, &header, sizeof(header));
  to += sizeof(header);
  to = std::copy(metadata.begin(), metadata.end(), to);
  payload.WriteTo(to);
}

void AppendMessageWithPart(std::string& frame, MessageHeader header,
                           absl::string_view metadata, const Payload& payload,
                           std::vector<transport::Buffer>& parts) {
  header.flags |= kPayloadInPart;
  header.codec = payload.codec();
  header.metadata_length = static_cast<std::uint32_t>(metadata.size());
  header.payload_length = static_cast<std::uint32_t>(payload.size());
  frame.append(reinterpret_cast<const char*>(&header), sizeof(header));
  frame.append(metadata.data(), metadata.size());
  parts.push_back(payload.ToBuffer());
}

void FinishFrame(FrameHeader header, std::string& frame) {
  const absl::string_view bytes(reinterpret_cast<const char*>(&header),
                                sizeof(header));
  header.checksum = Checksum(bytes);
  std::memcpy(frame.data(), &header, sizeof(header));
}

WireError FrameReader::Read(const transport::InboundFrame& frame) {
  frame_ = &frame;
  messages_left_ = 0;
  WireError error = ReadHeader(frame.head.view());
  if (error != WireError::kNone) return error;
  error = CheckMessages();
  if (error != WireError::kNone) return error;
  messages_left_ = header_.message_count;
  next_sequence_ = header_.first_sequence;
  next_ = frame.head.data() + header_.header_size;
  next_part_ = frame.parts.data();
  return WireError::kNone;
}

WireError FrameReader::ReadHeader(absl::string_view head) {
  header_ = FrameHeader();
  if (head.size() < kFrozenSize) return WireError::kTooShort;
  std::memcpy(&header_, head.data(),
              std::min(head.size(), sizeof(FrameHeader)));
  if (header_.magic != kWireMagic) return WireError::kBadMagic;
  if (header_.major != kWireMajor) return WireError::kOtherMajor;
  if (header_.header_size < sizeof(FrameHeader)) {
    return WireError::kBadHeaderSize;
  }
  if (head.size() < header_.header_size) return WireError::kTooShort;
  if (Checksum(head.substr(0, header_.header_size)) != header_.checksum) {
    return WireError::kBadChecksum;
  }
  return WireError::kNone;
}

WireError FrameReader::CheckMessages() {
  const absl::string_view head = frame_->head.view();
  const std::vector<transport::Buffer>& parts = frame_->parts;
  std::size_t at = header_.header_size;
  std::size_t part = 0;
  numbered_ = 0;
  for (std::uint32_t i = 0; i < header_.message_count; ++i) {
    const std::uint64_t left = head.size() - at;
    if (left < sizeof(MessageHeader)) return WireError::kBadLength;
    MessageHeader message;
    std::memcpy(&message, head.data() + at, sizeof(message));
    numbered_ += IsNumbered(message.kind) ? 1 : 0;
    // In 64 bits the three lengths cannot overflow.
    std::uint64_t length = sizeof(message);
    length += message.metadata_length;
    if ((message.flags & kPayloadInPart) == 0) {
      length += message.payload_length;
    } else {
      if (part == parts.size()) return WireError::kMissingPart;
      if (parts[part++].size() != message.payload_length) {
        return WireError::kBadPartSize;
      }
    }
    if (length > left) return WireError::kBadLength;
    if (message.metadata_length != 0 &&
        !IsMetadata(
            head.substr(at + sizeof(message), message.metadata_length))) {
      return WireError::kBadMetadata;
    }
    at += length;
  }
  if (at != head.size()) return WireError::kTrailingBytes;
  if (part != parts.size()) return WireError::kExtraPart;
  return WireError::kNone;
}

}  // namespace am
