// ByteRing: a stream of bytes from one writer to one reader, through memory
// that their processes share.
//
//   offset 0     head: how much was written and read, who sleeps
//   offset 4096  the bytes: a power of two of them, round and round
//
//   writer                               reader
//   Write(bytes); Write(bytes);          Read(out, size)
//   if (Publish()) signal the reader     if (PrepareToSleep()) wait for it
//   if (AwaitRoom()) wait for it         if (Release()) signal the writer
//
// `written` and `read` count bytes since the beginning and never wrap (2^64
// bytes are centuries). Each side keeps its own count to itself and publishes
// it: what the other side does to the shared copy cannot lead it astray. A
// count of the other's that makes no sense (more read than written, more
// written than there is room, less than before) breaks the ring, for good. So
// nobody who waits for a count to change waits for ever. The bytes themselves
// are copied out before anything is made of them.
//
// Order: what Write stored happens before `written` is stored (release), and
// so before a Read that loads it (acquire); the same holds of Read, `read`, and
// the Write that takes the room. Going to sleep and waking up are Dekker's
// protocol: the reader stores `reader_sleeps` and then loads `written`, the
// writer stores `written` and then loads `reader_sleeps`. All four are
// sequentially consistent, so one of the two sees the other's store: either
// the reader does not sleep, or the writer signals. Likewise for room. These
// are operations and not fences because TSan knows of no fences.
//
// Threads: one for each side at a time. Nothing blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace am::transport {

// What the two sides share. All zero at the beginning.
struct RingHead {
  alignas(64) std::atomic<std::uint64_t> written;
  std::atomic<std::uint32_t> writer_waits;  // for room
  alignas(64) std::atomic<std::uint64_t> read;
  std::atomic<std::uint32_t> reader_sleeps;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// A ring in memory that somebody keeps mapped. A value.
struct RingMemory {
  static constexpr std::size_t kBytesAt = 4096;
  static_assert(sizeof(RingHead) <= kBytesAt);

  RingHead* head = nullptr;
  char* bytes = nullptr;
  std::size_t size = 0;  // a power of two

  // If a process may map it twice: the same for both, and of no other memory.
  // For am/transport/tsan.h.
  std::uint64_t name = 0;

  // REQUIRES: `memory` is aligned to a page, and of kBytesAt + size bytes.
  static RingMemory At(void* memory, std::size_t size, std::uint64_t name = 0) {
    return {static_cast<RingHead*>(memory),
            static_cast<char*>(memory) + kBytesAt, size, name};
  }
};

class RingWriter final {
 public:
  explicit RingWriter(const RingMemory& memory) : memory_(memory) {}

  // How much can be written now; no less than is known if that is `enough`.
  std::size_t Room(std::size_t enough);

  // Takes as much from the front of `bytes` as there is room for. The reader
  // sees it after Publish.
  void Write(absl::string_view& bytes);

  // True: the reader sleeps and must be woken, which nobody else will do.
  bool Publish();

  // After Room() was too little. True: the reader will signal once it has read
  // more. False: it has by now.
  bool AwaitRoom();

  // The reader's count makes no sense.
  bool broken() const { return broken_; }

 private:
  std::size_t LoadRoom(std::memory_order order);

  const RingMemory memory_;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;  // as seen last
  bool broken_ = false;
};

class RingReader final {
 public:
  explicit RingReader(const RingMemory& memory) : memory_(memory) {}

  // How much can be read now.
  std::size_t Available();

  // Whether there is more than Available() was last. For looking often.
  bool HasMore() const {
    return memory_.head->written.load(std::memory_order_acquire) != written_;
  }

  // Copies `size` bytes to `out`. REQUIRES: no more than Available().
  void Read(char* out, std::size_t size);

  // Gives the room of what was read back. True: the writer waits for it and
  // must be signalled.
  bool Release();

  // True: the writer will signal once it has written more than Available() was
  // last. False: it has by now.
  bool PrepareToSleep();

  // The writer's count makes no sense.
  bool broken() const { return broken_; }

 private:
  std::size_t LoadAvailable(std::memory_order order);

  const RingMemory memory_;
  std::uint64_t read_ = 0;
  std::uint64_t released_ = 0;  // of it, what the writer knows
  std::uint64_t written_ = 0;   // as seen last
  bool broken_ = false;
};

}  // namespace am::transport
