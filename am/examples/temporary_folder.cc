#include "am/examples/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace am::examples {

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make() {
  const char* const parent = std::getenv("TMPDIR");
  std::string path =
      absl::StrCat(parent != nullptr ? parent : "/tmp", "/am.XXXXXX");
  if (mkdtemp(path.data()) != nullptr) return TemporaryFolder(path);
  return absl::UnavailableError("cannot make a folder like " + path);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace am::examples
