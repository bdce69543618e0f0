#include "am/transport/blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include "am/transport/deadline.h"
#include "am/transport/mutex.h"

namespace am::transport {
namespace {

struct Free {
  void operator()(char* bytes) const { std::free(bytes); }
};
using Bytes = std::unique_ptr<char[], Free>;

std::size_t RoundedUp(std::size_t size) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  return (size + kHugePage - 1) & ~(kHugePage - 1);
}

// REQUIRES: `size` is rounded up.
Bytes MakeLarge(std::size_t size) {
  Bytes bytes(static_cast<char*>(std::aligned_alloc(RoundedUp(1), size)));
  if (bytes == nullptr) throw std::bad_alloc();
  madvise(bytes.get(), size, MADV_HUGEPAGE);
  return bytes;
}

}  // namespace

std::shared_ptr<char[]> MakeBlock(std::size_t size) {
  if (size < kLargeBlock) return std::make_shared_for_overwrite<char[]>(size);
  return MakeLarge(RoundedUp(size));
}

class SpareBlocks::Shelf {
 public:
  explicit Shelf(absl::Duration keep) : keep_(keep) {}

  // The latest that fits, and its size; null: there is none.
  Bytes Take(std::size_t& size) {
    MutexLock lock(mutex_);
    const auto fits = [size](const Spare& spare) {
      return spare.size >= size && spare.size / 2 < size;
    };
    const auto found = std::find_if(spares_.rbegin(), spares_.rend(), fits);
    if (found == spares_.rend()) return nullptr;
    size = found->size;
    Bytes bytes = std::move(found->bytes);
    spares_.erase(std::next(found).base());
    return bytes;
  }

  // What is not kept is freed after the lock.
  void Put(Bytes bytes, std::size_t size) {
    MutexLock lock(mutex_);
    if (BytesLocked() + size > kMostBytes) return;
    spares_.push_back({std::move(bytes), size, Deadline::After(keep_)});
  }

  absl::Duration FreeOld() {
    std::vector<Bytes> freed;
    MutexLock lock(mutex_);
    while (!spares_.empty() && spares_.front().until.Passed()) {
      freed.push_back(std::move(spares_.front().bytes));
      spares_.erase(spares_.begin());
    }
    return spares_.empty() ? absl::InfiniteDuration()
                           : spares_.front().until.Remaining();
  }

  std::size_t bytes() {
    MutexLock lock(mutex_);
    return BytesLocked();
  }

 private:
  struct Spare {
    Bytes bytes;
    std::size_t size;
    Deadline until;
  };

  std::size_t BytesLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::size_t sum = 0;
    for (const Spare& spare : spares_) sum += spare.size;
    return sum;
  }

  const absl::Duration keep_;
  Mutex mutex_;
  std::vector<Spare> spares_ ABSL_GUARDED_BY(mutex_);  // the oldest first
};

SpareBlocks::SpareBlocks(absl::Duration keep)
    : shelf_(std::make_shared<Shelf>(keep)) {}
SpareBlocks::~SpareBlocks() = default;

std::shared_ptr<char[]> SpareBlocks::Make(std::size_t size) {
  if (size < kLargeBlock) return MakeBlock(size);
  std::size_t capacity = RoundedUp(size);
  Bytes bytes = shelf_->Take(capacity);
  if (bytes == nullptr) bytes = MakeLarge(capacity);
  return {bytes.release(), [shelf = shelf_, capacity](char* taken) {
            shelf->Put(Bytes(taken), capacity);
          }};
}

absl::Duration SpareBlocks::FreeOld() { return shelf_->FreeOld(); }

std::size_t SpareBlocks::bytes() const { return shelf_->bytes(); }

}  // namespace am::transport
