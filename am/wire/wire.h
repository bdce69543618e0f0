// Wire: frames and messages as bytes, as am/WIRE.md specifies them.
//
//   std::string frame = NewFrame();                        // the sender
//   AppendMessage(frame, header, metadata, payload);
//   FinishFrame(frame_header, frame);
//
//   FrameReader reader;                                    // the receiver
//   if (WireError error = reader.Read(frame); error != WireError::kNone) ...
//   for (MessageView message; reader.Next(message);) ...
//
// Pure functions of bytes, without state or locks. Nothing here trusts what it
// reads, throws, or allocates but for the frame that grows.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/codec.h"
#include "am/payload.h"
#include "am/transport/buffer.h"
#include "am/transport/transport.h"

namespace am {

// The structs below are the bytes on the wire.
static_assert(std::endian::native == std::endian::little,
              "a big-endian machine would have to swap bytes here");

inline constexpr std::array<char, 4> kWireMagic = {'A', 'M', 'S', 'G'};
inline constexpr std::uint8_t kWireMajor = 1;
inline constexpr std::uint8_t kWireMinor = 0;

// What every frame begins with, once.
struct FrameHeader {
  // These eight bytes are the same in all major versions.
  std::array<char, 4> magic = kWireMagic;
  std::uint8_t major = kWireMajor;
  std::uint8_t minor = kWireMinor;
  std::uint16_t header_size = 64;  // more in a later minor version

  std::uint64_t sender = 0;  // instance ids
  std::uint64_t target = 0;  // 0: whoever listens there, in a HELLO only
  std::uint32_t session = 0;
  std::uint32_t counted_session = 0;  // of the receiver
  std::uint64_t first_sequence = 0;   // of the first that is numbered, or next
  std::uint64_t counted = 0;  // numbered messages of counted_session received
  std::uint32_t credit_messages = 0;  // how many, and how many bytes of them,
  std::uint32_t credit_bytes = 0;     // may be sent but not yet counted
  std::uint32_t message_count = 0;
  std::uint32_t checksum = 0;  // set by FinishFrame
};
static_assert(sizeof(FrameHeader) == 64);
static_assert(std::is_trivially_copyable_v<FrameHeader>);

enum class MessageKind : std::uint8_t {
  // Control: about the connection, not numbered.
  kHello = 1,
  kHelloAck = 2,
  kPing = 3,
  kPong = 4,
  kCounts = 5,
  kDraining = 6,
  kGoodbye = 7,
  kGaveUp = 8,
  // Numbered: counted by the receiver, and under the window.
  kNoReturn = 16,
  kAckCall = 17,
  kCall = 18,
  kReply = 19,
  kCancel = 20,
};

constexpr bool IsNumbered(MessageKind kind) {
  return static_cast<std::uint8_t>(kind) >= 16;
}

// "HELLO", or "UNKNOWN" for a kind that is not one of the above.
absl::string_view MessageKindName(MessageKind kind);

// Bits of MessageHeader::flags. Readers ignore the others.
enum MessageFlag : std::uint8_t {
  kPayloadInPart = 1,  // the payload is the next part of the frame
  kRetryable = 2,      // the handler may run twice without harm
  kNotRun = 4,         // of a reply: the handler did not run and will not
  kTracked = 8,        // of a call: it may be sent again, so remember it
  kRepeated = 16,      // of a call: it was, perhaps, sent before
};

// What every message begins with.
struct MessageHeader {
  MessageKind kind = MessageKind::kNoReturn;
  std::uint8_t flags = 0;
  Codec codec = Codec::kRaw;
  std::uint8_t status = 0;            // of a reply
  std::uint32_t budget = 0xffffffff;  // see ToBudget
  std::uint64_t handler = 0;          // HandlerId
  std::uint64_t call_id = 0;
  std::uint32_t metadata_length = 0;  // set by AppendMessage
  std::uint32_t payload_length = 0;   // likewise
};
static_assert(sizeof(MessageHeader) == 32);
static_assert(std::is_trivially_copyable_v<MessageHeader>);

// -- Budgets: the time a message has left, in units of 100 microseconds ----

// None applies: replies, control messages.
inline constexpr std::uint32_t kNoBudget = 0xffffffff;

// Rounds up, so that no time is lost on the way. Below zero becomes 0, and more
// than 24 hours becomes 24 hours.
std::uint32_t ToBudget(absl::Duration left);

// At most 24 hours, also for kNoBudget: nothing waits for ever.
absl::Duration FromBudget(std::uint32_t budget);

// -- Writing ---------------------------------------------------------------

// A frame without messages. FinishFrame fills in its header.
inline std::string NewFrame() { return std::string(sizeof(FrameHeader), '\0'); }

// Appends one message. Codec and lengths come from `payload` and `metadata`
// (am/metadata.h), whatever `header` says of them.
// REQUIRES: both are shorter than 4 GiB.
void AppendMessage(std::string& frame, MessageHeader header,
                   absl::string_view metadata, const Payload& payload);

// The same, with the payload as a part of its own, appended to `parts`.
void AppendMessageWithPart(std::string& frame, MessageHeader header,
                           absl::string_view metadata, const Payload& payload,
                           std::vector<transport::Buffer>& parts);

// Writes the header and its checksum over the first bytes of `frame`.
void FinishFrame(FrameHeader header, std::string& frame);

// -- Reading ---------------------------------------------------------------

// Why a frame is refused.
enum class WireError : std::uint8_t {
  kNone,
  kTooShort,       // no room for the header
  kBadMagic,       // not a frame of ours
  kOtherMajor,     // a version we do not speak
  kBadHeaderSize,  // less than 64
  kBadChecksum,
  kBadLength,      // a message reaches beyond the end
  kBadMetadata,    // entries that do not fill their section, or too many bytes
  kTrailingBytes,  // after the last message
  kMissingPart,
  kExtraPart,
  kBadPartSize,  // a part is not as long as its message says
};
inline constexpr std::size_t kWireErrors = 12;

// "too_short"; fit for the label of a counter.
absl::string_view WireErrorName(WireError error);

// A message within a frame. Views live as long as the frame.
struct MessageView {
  MessageHeader header;
  std::uint64_t sequence = 0;  // 0: control
  absl::string_view metadata;
  absl::string_view payload;
  const transport::Buffer* part = nullptr;  // what holds the payload, if not
                                            // the frame's head
};

// Reads one frame after another. Threads: one at a time.
class FrameReader {
 public:
  // Checks all of `frame` before any message can be had: it is taken or
  // refused whole. `frame` must outlive the reader's use of it.
  WireError Read(const transport::InboundFrame& frame);

  // REQUIRES: Read returned kNone, or kOtherMajor; then only the first eight
  // bytes mean anything.
  const FrameHeader& header() const { return header_; }

  // How many of the frame's messages are numbered.
  std::uint32_t numbered() const { return numbered_; }

  // The next message, of whatever kind, also unknown ones. False: no more.
  bool Next(MessageView& message) {
    if (messages_left_ == 0) return false;
    --messages_left_;
    std::memcpy(&message.header, next_, sizeof(MessageHeader));
    next_ += sizeof(MessageHeader);
    message.metadata = Take(message.header.metadata_length);
    if ((message.header.flags & kPayloadInPart) != 0) {
      message.part = next_part_++;
      message.payload = message.part->view();
    } else {
      message.part = nullptr;
      message.payload = Take(message.header.payload_length);
    }
    message.sequence = IsNumbered(message.header.kind) ? next_sequence_++ : 0;
    return true;
  }

  // Shares in the frame, for what shall outlive it.
  transport::Buffer ShareMetadata(const MessageView& message) const {
    if (message.metadata.empty()) return transport::Buffer();
    return transport::Buffer(message.metadata, frame_->head.owner());
  }
  transport::Buffer SharePayload(const MessageView& message) const {
    if (message.part != nullptr) return *message.part;
    return transport::Buffer(message.payload, frame_->head.owner());
  }

 private:
  WireError ReadHeader(absl::string_view head);
  WireError CheckMessages();

  absl::string_view Take(std::size_t length) {
    const absl::string_view bytes(next_, length);
    next_ += length;
    return bytes;
  }

  const transport::InboundFrame* frame_ = nullptr;
  FrameHeader header_;
  std::uint32_t messages_left_ = 0;
  std::uint32_t numbered_ = 0;
  std::uint64_t next_sequence_ = 0;
  const char* next_ = nullptr;
  const transport::Buffer* next_part_ = nullptr;
};

}  // namespace am
