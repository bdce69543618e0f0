#include "am/transport/shm_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace am::transport {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::size_t SegmentBytes(std::size_t ring_bytes) {
  return RingMemory::kBytesAt + ring_bytes;
}

// Even, so that the ring has two names for its two counts.
std::uint64_t NameOf(const struct stat& file) { return file.st_ino << 1; }

absl::Status Exhausted(absl::string_view what) {
  return absl::ResourceExhaustedError(
      absl::ErrnoToStatus(errno, what).message());
}

}  // namespace

bool ShmSegment::IsRingSize(std::size_t bytes) {
  return bytes >= kMinRingBytes && bytes <= kMaxRingBytes &&
         (bytes & (bytes - 1)) == 0;
}

absl::StatusOr<ShmSegment::Made> ShmSegment::Make(std::size_t ring_bytes) {
  Descriptor file(memfd_create("am-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return Exhausted("memfd_create");
  const auto bytes = static_cast<off_t>(SegmentBytes(ring_bytes));
  if (ftruncate(file.get(), bytes) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
    return Exhausted("the memory of a ring");
  }
  absl::StatusOr<std::unique_ptr<ShmSegment>> segment = Map(file, ring_bytes);
  if (!segment.ok()) return segment.status();
  return Made{*std::move(segment), std::move(file)};
}

absl::StatusOr<std::unique_ptr<ShmSegment>> ShmSegment::Adopt(
    const Descriptor& file, std::size_t ring_bytes) {
  if (!IsRingSize(ring_bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ring of ", ring_bytes, " bytes"));
  }
  const int seals = fcntl(file.get(), F_GET_SEALS);
  struct stat info;
  if (seals < 0 || (seals & kSeals) != kSeals ||
      fstat(file.get(), &info) != 0 ||
      static_cast<std::size_t>(info.st_size) != SegmentBytes(ring_bytes)) {
    return absl::InvalidArgumentError(
        "the memory of a ring is not sealed, or not as large as it is said");
  }
  return Map(file, ring_bytes);
}

absl::StatusOr<std::unique_ptr<ShmSegment>> ShmSegment::Map(
    const Descriptor& file, std::size_t ring_bytes) {
  struct stat info;
  if (fstat(file.get(), &info) != 0) return Exhausted("fstat");
  void* const memory = mmap(nullptr, SegmentBytes(ring_bytes),
                            PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return Exhausted("mmap");
  return std::unique_ptr<ShmSegment>(
      new ShmSegment(memory, ring_bytes, NameOf(info)));
}

ShmSegment::~ShmSegment() { munmap(memory_, SegmentBytes(ring_bytes_)); }

}  // namespace am::transport
