// SocketFolder: a private folder for a unix socket, removed with the object.
//
// A value that does not copy; one thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "am/examples/temporary_folder.h"

namespace am::bench {

class SocketFolder {
 public:
  SocketFolder() : folder_(examples::TemporaryFolder::Make()) {}

  // A path in it for a socket, the same at each call; one that is not there if
  // the folder could not be made.
  std::string socket() const {
    return (folder_.ok() ? folder_->path() : "") + "/socket";
  }

 private:
  absl::StatusOr<examples::TemporaryFolder> folder_;
};

}  // namespace am::bench
