#include "tests/fault/journal.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace am::fault {
namespace {

absl::Status Refused(const char* what) {
  return absl::Status(absl::ErrnoToStatusCode(errno), what);
}

absl::StatusOr<void*> Map(int file, std::size_t bytes) {
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    return Refused("ftruncate");
  }
  void* const data =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) return Refused("mmap");
  return data;
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Make(std::size_t bytes) {
  const int file = memfd_create("journal", MFD_CLOEXEC);
  if (file < 0) return Refused("memfd_create");
  const absl::StatusOr<void*> data = Map(file, bytes);
  close(file);
  if (!data.ok()) return data.status();
  return MappedFile(*data, bytes);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace am::fault
