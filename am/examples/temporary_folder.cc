#include "am/examples/temporary_folder.h"

#include <cstdlib>
#include <utility>

namespace am::examples {

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make() {
  const char* const parent = std::getenv("TMPDIR");
  absl::StatusOr<OwnFolder> folder =
      OwnFolder::Make(parent != nullptr ? parent : "/tmp", "am.");
  if (!folder.ok()) return folder.status();
  return TemporaryFolder(*std::move(folder));
}

}  // namespace am::examples
