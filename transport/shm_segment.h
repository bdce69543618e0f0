// ShmSegment: the memory of one ring, mapped here and elsewhere.
//
// It is a memfd sealed against resizing, so that no peer can have us read
// beyond its end; a peer's segment is taken only if it is so sealed and of the
// size that it should have.
//
// A segment is unmapped with its owner. Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "am/transport/byte_ring.h"
#include "am/transport/descriptors.h"

namespace am::transport {

class ShmSegment final {
 public:
  // Powers of two.
  static constexpr std::size_t kMinRingBytes = 4096;
  static constexpr std::size_t kMaxRingBytes = std::size_t{1} << 26;
  static bool IsRingSize(std::size_t bytes);

  struct Made {
    std::unique_ptr<ShmSegment> segment;
    Descriptor file;  // to be passed on
  };

  // RESOURCE_EXHAUSTED: no descriptors, or no memory, left.
  static absl::StatusOr<Made> Make(std::size_t ring_bytes);

  // Of a peer. INVALID_ARGUMENT: not as it should be.
  static absl::StatusOr<std::unique_ptr<ShmSegment>> Adopt(
      const Descriptor& file, std::size_t ring_bytes);

  ShmSegment(const ShmSegment&) = delete;
  ShmSegment& operator=(const ShmSegment&) = delete;
  ~ShmSegment();

  RingMemory ring() const {
    return RingMemory::At(memory_, ring_bytes_, name_);
  }

 private:
  ShmSegment(void* memory, std::size_t ring_bytes, std::uint64_t name)
      : memory_(memory), ring_bytes_(ring_bytes), name_(name) {}

  static absl::StatusOr<std::unique_ptr<ShmSegment>> Map(
      const Descriptor& file, std::size_t ring_bytes);

  void* const memory_;
  const std::size_t ring_bytes_;
  const std::uint64_t name_;
};

}  // namespace am::transport
