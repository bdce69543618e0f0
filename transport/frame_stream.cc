#include "am/transport/frame_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace am::transport {
namespace {

void Append(std::uint32_t number, std::string& out) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(bytes));
}

std::string PrefixOf(const OutboundFrame& frame) {
  std::string prefix;
  Append(static_cast<std::uint32_t>(frame.parts.size() + 1), prefix);
  Append(static_cast<std::uint32_t>(frame.head.size()), prefix);
  for (const Buffer& part : frame.parts) {
    Append(static_cast<std::uint32_t>(part.size()), prefix);
  }
  return prefix;
}

}  // namespace

// -- Writing -----------------------------------------------------------------

bool FrameStreamWriter::TryWrite(const OutboundFrame& frame) {
  if (pending()) return false;
  const std::string prefix = PrefixOf(frame);
  const std::size_t size = prefix.size() + frame.bytes();
  if (size > ring_bytes_) {
    Keep(frame, prefix);
    return true;
  }
  if (ring_.Room(size) < size) return false;
  absl::string_view bytes = prefix;
  ring_.Write(bytes);
  bytes = frame.head;
  ring_.Write(bytes);
  for (const Buffer& part : frame.parts) {
    bytes = part.view();
    ring_.Write(bytes);
  }
  return true;
}

void FrameStreamWriter::Keep(const OutboundFrame& frame,
                             absl::string_view prefix) {
  rest_.clear();
  rest_.emplace_back(std::string(prefix));
  rest_.emplace_back(std::string(frame.head));
  rest_.insert(rest_.end(), frame.parts.begin(), frame.parts.end());
  next_ = 0;
  left_ = rest_[0].view();
}

void FrameStreamWriter::Pump(absl::FunctionRef<void()> wake) {
  while (pending()) {
    const std::size_t size = std::min(left_.size(), piece_bytes_);
    absl::string_view piece = left_.substr(0, size);
    ring_.Write(piece);
    left_.remove_prefix(size - piece.size());
    if (!piece.empty()) return;
    if (size == piece_bytes_ && ring_.Publish()) wake();
    if (left_.empty() && ++next_ < rest_.size()) left_ = rest_[next_].view();
  }
  rest_.clear();
  next_ = 0;
}

// -- Reading -----------------------------------------------------------------

FrameStreamReader::Result FrameStreamReader::TryRead(
    InboundFrame& frame, absl::FunctionRef<void()> wake) {
  if (broken_) return Result::kBroken;
  if (!has_sizes_ && !ReadSizes()) {
    return broken_ || ring_.broken() ? Break() : Result::kNothing;
  }
  if (!ReadParts(wake)) return ring_.broken() ? Break() : Result::kNothing;
  frame = TakeFrame();
  return Result::kFrame;
}

FrameStreamReader::Result FrameStreamReader::Break() {
  broken_ = true;
  parts_.clear();
  return Result::kBroken;
}

// The number of parts comes first, and says how many sizes follow.
bool FrameStreamReader::ReadSizes() {
  constexpr std::size_t kNumber = sizeof(std::uint32_t);
  if (sizes_.empty()) {
    if (ring_.Available() < kNumber) return false;
    std::uint32_t count = 0;
    ring_.Read(reinterpret_cast<char*>(&count), kNumber);
    if (count == 0 || count > limits_.parts) {
      broken_ = true;
      return false;
    }
    sizes_.resize(count);
  }
  if (ring_.Available() < sizes_.size() * kNumber) return false;
  ring_.Read(reinterpret_cast<char*>(sizes_.data()), sizes_.size() * kNumber);
  std::size_t sum = 0;
  for (const std::uint32_t size : sizes_) sum += size;
  if (sum > limits_.bytes) {
    broken_ = true;
    return false;
  }
  for (const std::uint32_t size : sizes_) {
    parts_.push_back({blocks_.Make(size), size});
  }
  has_sizes_ = true;
  return true;
}

// True once all are filled. No further than was written at the beginning: other
// rings wait for their turn.
bool FrameStreamReader::ReadParts(absl::FunctionRef<void()> wake) {
  std::size_t available = ring_.Available();
  for (Part& part : parts_) {
    while (part.filled < part.size) {
      const std::size_t size =
          std::min({available, part.size - part.filled, piece_bytes_});
      if (size == 0) return false;
      ring_.Read(part.bytes.get() + part.filled, size);
      part.filled += size;
      available -= size;
      if (size == piece_bytes_ && ring_.Release()) wake();
    }
  }
  return true;
}

InboundFrame FrameStreamReader::TakeFrame() {
  InboundFrame frame;
  for (Part& part : parts_) {
    const absl::string_view view(part.bytes.get(), part.size);
    Buffer buffer(view, std::move(part.bytes));
    if (&part == &parts_.front()) {
      frame.head = std::move(buffer);
    } else {
      frame.parts.push_back(std::move(buffer));
    }
  }
  parts_.clear();
  sizes_.clear();
  has_sizes_ = false;
  return frame;
}

}  // namespace am::transport
