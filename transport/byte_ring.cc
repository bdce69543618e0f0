#include "am/transport/byte_ring.h"

#include <algorithm>
#include <cstring>

#include "am/transport/tsan.h"

namespace am::transport {
namespace {

// The two counts, for TSan.
std::uint64_t WrittenOf(const RingMemory& memory) { return memory.name; }
std::uint64_t ReadOf(const RingMemory& memory) {
  return memory.name == 0 ? 0 : memory.name + 1;
}

}  // namespace

// -- Writing -----------------------------------------------------------------

std::size_t RingWriter::LoadRoom(std::memory_order order) {
  const std::uint64_t unread = written_ - read_;
  read_ = memory_.head->read.load(order);
  Seen(ReadOf(memory_));
  // Unsigned: more read than written is a lot as well.
  broken_ = broken_ || written_ - read_ > unread;
  return broken_ ? 0 : memory_.size - (written_ - read_);
}

// The reader's count is looked at only when what is known does not do.
std::size_t RingWriter::Room(std::size_t enough) {
  const std::size_t known = memory_.size - (written_ - read_);
  if (!broken_ && known >= enough) return known;
  return LoadRoom(std::memory_order_acquire);
}

void RingWriter::Write(absl::string_view& bytes) {
  const std::size_t size = std::min(bytes.size(), Room(bytes.size()));
  if (size == 0) return;  // The bytes may be at no place at all.
  const std::size_t at = written_ & (memory_.size - 1);
  const std::size_t first = std::min(size, memory_.size - at);
  std::memcpy(memory_.bytes + at, bytes.data(), first);
  std::memcpy(memory_.bytes, bytes.data() + first, size - first);
  written_ += size;
  bytes.remove_prefix(size);
}

bool RingWriter::Publish() {
  RingHead& head = *memory_.head;
  Published(WrittenOf(memory_));
  head.written.store(written_, std::memory_order_seq_cst);
  return head.reader_sleeps.load(std::memory_order_seq_cst) != 0 &&
         head.reader_sleeps.exchange(0, std::memory_order_seq_cst) != 0;
}

bool RingWriter::AwaitRoom() {
  const std::uint64_t seen = read_;
  memory_.head->writer_waits.store(1, std::memory_order_seq_cst);
  LoadRoom(std::memory_order_seq_cst);
  if (read_ == seen && !broken_) return true;
  memory_.head->writer_waits.store(0, std::memory_order_relaxed);
  return false;
}

// -- Reading -----------------------------------------------------------------

std::size_t RingReader::LoadAvailable(std::memory_order order) {
  const std::uint64_t unread = written_ - read_;
  written_ = memory_.head->written.load(order);
  Seen(WrittenOf(memory_));
  broken_ =
      broken_ || written_ - read_ > memory_.size || written_ - read_ < unread;
  return broken_ ? 0 : written_ - read_;
}

std::size_t RingReader::Available() {
  return LoadAvailable(std::memory_order_acquire);
}

void RingReader::Read(char* out, std::size_t size) {
  if (size == 0) return;
  const std::size_t at = read_ & (memory_.size - 1);
  const std::size_t first = std::min(size, memory_.size - at);
  std::memcpy(out, memory_.bytes + at, first);
  std::memcpy(out + first, memory_.bytes, size - first);
  read_ += size;
}

bool RingReader::Release() {
  if (read_ == released_) return false;
  released_ = read_;
  RingHead& head = *memory_.head;
  Published(ReadOf(memory_));
  head.read.store(read_, std::memory_order_seq_cst);
  return head.writer_waits.load(std::memory_order_seq_cst) != 0 &&
         head.writer_waits.exchange(0, std::memory_order_seq_cst) != 0;
}

// What was seen and not read is too little to make anything of.
bool RingReader::PrepareToSleep() {
  const std::uint64_t seen = written_;
  memory_.head->reader_sleeps.store(1, std::memory_order_seq_cst);
  LoadAvailable(std::memory_order_seq_cst);
  if (written_ == seen && !broken_) return true;
  memory_.head->reader_sleeps.store(0, std::memory_order_relaxed);
  return false;
}

}  // namespace am::transport
