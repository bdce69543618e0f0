// FrameStream: frames as a stream of bytes in a ring (transport/byte_ring.h).
//
//   u32 number of parts, the head among them; at least one
//   u32 size of each
//   the bytes of each
//
// in the byte order of the machine, since both sides run on it. A frame may be
// larger than the ring: it then travels in pieces of a quarter of the ring, of
// which the other side hears one by one. So both sides copy at the same time,
// instead of one filling the whole ring while the other sleeps, and then the
// other way round.
//
// Threads: one for each side at a time. Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "am/transport/blocks.h"
#include "am/transport/byte_ring.h"
#include "am/transport/transport.h"

namespace am::transport {

// What of a frame larger than the ring is copied at a time.
inline std::size_t PieceOf(const RingMemory& memory) { return memory.size / 4; }

// What a frame may have; a stream that promises more is broken.
struct StreamLimits {
  std::size_t parts = 64;
  std::size_t bytes = kDefaultMaxFrameBytes;
};

class FrameStreamWriter final {
 public:
  explicit FrameStreamWriter(const RingMemory& memory)
      : ring_(memory),
        ring_bytes_(memory.size),
        piece_bytes_(PieceOf(memory)) {}

  // Takes a frame whole. One that is larger than the ring still has to be
  // written: see Pump. False: there is no room now, and nothing is taken.
  bool TryWrite(const OutboundFrame& frame);

  // Writes what is left of a frame that was taken, as far as there is room. All
  // but the last piece is published; `wake` is called if the reader sleeps.
  void Pump(absl::FunctionRef<void()> wake);

  // Whether something is left.
  bool pending() const { return next_ < rest_.size(); }

  RingWriter& ring() { return ring_; }

 private:
  void Keep(const OutboundFrame& frame, absl::string_view prefix);

  RingWriter ring_;
  const std::size_t ring_bytes_;
  const std::size_t piece_bytes_;
  // Of a frame in pieces: its buffers, and what is left of the one in turn.
  std::vector<Buffer> rest_;
  std::size_t next_ = 0;
  absl::string_view left_;
};

class FrameStreamReader final {
 public:
  enum class Result : std::uint8_t {
    kNothing,  // no whole frame is there
    kFrame,
    kBroken,  // and stays so
  };

  // `blocks` outlives it, though not the frames.
  FrameStreamReader(const RingMemory& memory, const StreamLimits& limits,
                    SpareBlocks& blocks)
      : ring_(memory),
        piece_bytes_(PieceOf(memory)),
        limits_(limits),
        blocks_(blocks) {}

  // Takes the next frame, or as much of it as there is. Gives back the room of
  // pieces; `wake` is called if the writer waits for it. All other room is for
  // the caller to release.
  Result TryRead(InboundFrame& frame, absl::FunctionRef<void()> wake);

  RingReader& ring() { return ring_; }
  const RingReader& ring() const { return ring_; }

 private:
  bool ReadSizes();
  bool ReadParts(absl::FunctionRef<void()> wake);
  InboundFrame TakeFrame();
  Result Break();

  RingReader ring_;
  const std::size_t piece_bytes_;
  const StreamLimits limits_;
  SpareBlocks& blocks_;
  bool broken_ = false;

  // Of the frame that is being read.
  std::vector<std::uint32_t> sizes_;
  bool has_sizes_ = false;
  struct Part {
    std::shared_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t filled = 0;
  };
  std::vector<Part> parts_;
};

}  // namespace am::transport
