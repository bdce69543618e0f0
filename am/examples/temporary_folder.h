// TemporaryFolder: a new folder for this user alone, which goes with all that
// is in it. Threads: one at a time.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace am::examples {

class TemporaryFolder {
 public:
  // In $TMPDIR, or else /tmp. UNAVAILABLE: it cannot be made there.
  static absl::StatusOr<TemporaryFolder> Make();

  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved from
};

}  // namespace am::examples
