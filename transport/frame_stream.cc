#include "am/transport/frame_stream.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace am::transport {
namespace {

void Append(std::uint32_t number, std::string& out) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(bytes));
}

// Large ones on huge pages, where the system has them: to be given pages of 4
// KiB takes longer than to fill them.
std::shared_ptr<char[]> MakeBytes(std::size_t size) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  if (size < 2 * kHugePage) return std::make_shared_for_overwrite<char[]>(size);
  const std::size_t rounded = (size + kHugePage - 1) & ~(kHugePage - 1);
  void* const bytes = std::aligned_alloc(kHugePage, rounded);
  if (bytes == nullptr) throw std::bad_alloc();
  madvise(bytes, rounded, MADV_HUGEPAGE);
  return {static_cast<char*>(bytes), std::free};
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
    Pump();
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

void FrameStreamWriter::Pump() {
  while (pending()) {
    ring_.Write(left_);
    if (!left_.empty()) return;
    if (++next_ < rest_.size()) left_ = rest_[next_].view();
  }
  rest_.clear();
  next_ = 0;
}

// -- Reading -----------------------------------------------------------------

FrameStreamReader::Result FrameStreamReader::TryRead(InboundFrame& frame) {
  if (broken_) return Result::kBroken;
  if (!has_sizes_ && !ReadSizes()) {
    return broken_ || ring_.broken() ? Break() : Result::kNothing;
  }
  if (ReadParts(frame)) return Result::kFrame;
  return ring_.broken() ? Break() : Result::kNothing;
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
    parts_.push_back({MakeBytes(size), size});
  }
  has_sizes_ = true;
  return true;
}

// True once all are filled.
bool FrameStreamReader::ReadParts(InboundFrame& frame) {
  for (Part& part : parts_) {
    if (part.filled == part.size) continue;
    const std::size_t count =
        std::min(ring_.Available(), part.size - part.filled);
    ring_.Read(part.bytes.get() + part.filled, count);
    part.filled += count;
    if (part.filled < part.size) return false;
  }
  frame = InboundFrame();
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
  return true;
}

}  // namespace am::transport
