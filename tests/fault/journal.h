// Journal: records that survive whoever wrote them.
//
// A file of fixed slots, mapped into memory and shared by the processes that
// are forked after it was made: what was appended is the kernel's, so that
// kill -9 takes none of it. The file has no name and goes with the last
// process.
//
//   auto journal = Journal<Execution>::Make(1'000'000);
//   ... fork; in the child: (*journal)->Append({.operation = 7}); kill -9 ...
//   (*journal)->ForEach([](const Execution& execution) {...});
//
// Threads and processes: any may append at once. What ForEach passes on, an
// owner may still be changing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"

namespace am::fault {

// Memory backed by a file without a name; zeros at first.
class MappedFile final {
 public:
  // Not OK: the system refused.
  static absl::StatusOr<MappedFile> Make(std::size_t bytes);

  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  MappedFile& operator=(MappedFile&&) = delete;

  void* data() const { return data_; }

 private:
  MappedFile(void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}

  void* data_;
  std::size_t bytes_;
};

template <typename Record>
class Journal final {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  static absl::StatusOr<std::unique_ptr<Journal>> Make(std::size_t capacity) {
    absl::StatusOr<MappedFile> file =
        MappedFile::Make(sizeof(Header) + capacity * sizeof(Slot));
    if (!file.ok()) return file.status();
    return std::unique_ptr<Journal>(new Journal(*std::move(file), capacity));
  }

  // Returns the record as it stands in the journal, for its writer to change;
  // null if the journal is full.
  Record* Append(const Record& record) {
    const std::uint64_t index = header().used.fetch_add(1);
    if (index >= capacity_) return nullptr;
    Slot& slot = slots()[index];
    slot.record = record;
    slot.complete.store(true, std::memory_order_release);
    return &slot.record;
  }

  // How many did not find room.
  std::uint64_t overflow() const {
    const std::uint64_t used = header().used.load();
    return used > capacity_ ? used - capacity_ : 0;
  }

  // Those that are complete, in the order in which their slots were taken.
  template <typename F>
  void ForEach(F f) const {
    const std::uint64_t used = header().used.load();
    for (std::uint64_t i = 0; i < used && i < capacity_; ++i) {
      const Slot& slot = slots()[i];
      if (slot.complete.load(std::memory_order_acquire)) f(slot.record);
    }
  }

 private:
  struct alignas(64) Header {
    std::atomic<std::uint64_t> used;
  };
  struct Slot {
    std::atomic<bool> complete;  // false: its writer did not come this far
    Record record;
  };

  Journal(MappedFile file, std::size_t capacity)
      : file_(std::move(file)), capacity_(capacity) {}

  Header& header() const { return *static_cast<Header*>(file_.data()); }
  Slot* slots() const {
    return reinterpret_cast<Slot*>(static_cast<std::byte*>(file_.data()) +
                                   sizeof(Header));
  }

  const MappedFile file_;
  const std::size_t capacity_;
};

}  // namespace am::fault
