// Blocks: memory for the bytes of frames.
//
// A large one lies on huge pages, where the system has them: to be given pages
// of 4 KiB takes longer than to fill them. Fresh pages still have to be
// cleared, and those of a virtual machine may first have to be found by its
// host: 64 MiB then take 130 ms instead of 6. So whoever needs large blocks
// again and again keeps those that are done with for a while.
//
// Threads: any; a block goes back to its SpareBlocks on the thread of whoever
// is done with it.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/time/time.h"

namespace am::transport {

// From here on a block is large.
inline constexpr std::size_t kLargeBlock = std::size_t{4} << 20;

// `size` bytes, not initialised.
std::shared_ptr<char[]> MakeBlock(std::size_t size);

// Those it made may outlive it.
class SpareBlocks final {
 public:
  // Kept at the most: one frame of the usual limit.
  static constexpr std::size_t kMostBytes = std::size_t{66} << 20;

  // `keep`: for how long a large block is kept that nobody uses.
  explicit SpareBlocks(absl::Duration keep = absl::Seconds(1));
  ~SpareBlocks();

  // As MakeBlock; a spare one of less than twice the size, if there is any.
  std::shared_ptr<char[]> Make(std::size_t size);

  // Frees what was kept long enough, and says when there will be more to free.
  absl::Duration FreeOld();

  // How many bytes are kept.
  std::size_t bytes() const;

 private:
  class Shelf;
  const std::shared_ptr<Shelf> shelf_;
};

}  // namespace am::transport
