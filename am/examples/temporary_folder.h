// TemporaryFolder: a new folder for this user alone, which goes with all that
// is in it; after kill -9, when the next one is made (am/own_folder.h).
// Threads: one at a time.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "am/own_folder.h"

namespace am::examples {

class TemporaryFolder {
 public:
  // In $TMPDIR, or else /tmp. UNAVAILABLE: it cannot be made there.
  static absl::StatusOr<TemporaryFolder> Make();

  const std::string& path() const { return folder_.path(); }

 private:
  explicit TemporaryFolder(OwnFolder folder) : folder_(std::move(folder)) {}

  OwnFolder folder_;
};

}  // namespace am::examples
