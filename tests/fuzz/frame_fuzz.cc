// Frames from outside: never read beyond their end, taken or refused whole, and
// what is taken is what we would have written.
//
// An input is a byte that says how many parts there are, the length of each
// (u16), the parts and the head.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "am/wire/crc32c.h"
#include "am/wire/wire.h"

namespace am {
namespace {

using transport::Buffer;
using transport::InboundFrame;

constexpr std::size_t kMaxParts = 3;
constexpr std::size_t kChecksumAt = 60;

void Require(bool condition) {
  if (!condition) std::abort();
}

// The bytes in memory of their own, so that a sanitizer sees their end.
Buffer Copy(absl::string_view bytes) {
  auto owner = std::make_shared<std::vector<char>>(bytes.begin(), bytes.end());
  return Buffer(absl::string_view(owner->data(), owner->size()), owner);
}

InboundFrame Split(absl::string_view input) {
  InboundFrame frame;
  if (input.empty()) return frame;
  std::size_t parts = static_cast<unsigned char>(input[0]) % (kMaxParts + 1);
  input.remove_prefix(1);
  for (; parts > 0 && input.size() >= 2; --parts) {
    std::uint16_t length;
    std::memcpy(&length, input.data(), sizeof(length));
    input.remove_prefix(sizeof(length));
    frame.parts.push_back(Copy(input.substr(0, length)));
    input.remove_prefix(std::min<std::size_t>(length, input.size()));
  }
  frame.head = Copy(input);
  return frame;
}

// Puts right what mutations hardly ever would.
InboundFrame Repaired(const InboundFrame& frame) {
  std::string head(frame.head.view());
  if (head.size() < sizeof(FrameHeader)) return frame;
  const FrameHeader fixed;
  std::memcpy(head.data(), &fixed, 8);
  const std::uint32_t sum =
      Crc32c(absl::string_view(head).substr(0, kChecksumAt));
  std::memcpy(head.data() + kChecksumAt, &sum, sizeof(sum));
  return {Copy(head), frame.parts};
}

// Reads every message and writes the frame anew.
void CheckTaken(const InboundFrame& frame, FrameReader& reader) {
  std::string head = NewFrame();
  std::vector<Buffer> parts;
  std::uint32_t messages = 0;
  std::uint64_t next = reader.header().first_sequence;
  for (MessageView message; reader.Next(message); ++messages) {
    if (IsNumbered(message.header.kind)) Require(message.sequence == next++);
    const Payload payload =
        Payload::Share(reader.SharePayload(message), message.header.codec);
    if (message.part != nullptr) {
      AppendMessageWithPart(head, message.header, message.metadata, payload,
                            parts);
    } else {
      AppendMessage(head, message.header, message.metadata, payload);
    }
    Require(FromBudget(message.header.budget) <= absl::Hours(24));
  }
  Require(messages == reader.header().message_count);
  Require(next - reader.header().first_sequence == reader.numbered());
  Require(parts.size() == frame.parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Require(parts[i].view() == frame.parts[i].view());
  }
  const std::size_t skipped = reader.header().header_size;
  FinishFrame(reader.header(), head);
  Require(absl::string_view(head).substr(sizeof(FrameHeader)) ==
          frame.head.view().substr(skipped));
}

void Check(const InboundFrame& frame) {
  FrameReader reader;
  const WireError error = reader.Read(frame);
  if (error == WireError::kNone) return CheckTaken(frame, reader);
  Require(!WireErrorName(error).empty());
  MessageView message;
  Require(!reader.Next(message));
}

}  // namespace
}  // namespace am

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const am::transport::InboundFrame frame =
      am::Split({reinterpret_cast<const char*>(data), size});
  am::Check(frame);
  am::Check(am::Repaired(frame));
  return 0;
}
