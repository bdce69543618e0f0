// OwnFolder: a new folder for this process and this user alone, which goes with
// all that is in it: with the object or, if the process is killed, as soon as
// another one of its kind is made beside it.
//
// Which ones are in use is told by flock(2) on a file in each. That lock ends
// with the process, however it ends; a child that was forked and runs no other
// program shares it.
//
// Threads: none of its own, one caller at a time.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/transport/descriptors.h"

namespace am::transport {

class OwnFolder final {
 public:
  // "`parent`/`kind`" and six letters, of mode 0700. Removes those of the kind
  // that are left there. UNAVAILABLE: it cannot be made, and why.
  static absl::StatusOr<OwnFolder> Make(const std::string& parent,
                                        absl::string_view kind);

  OwnFolder(OwnFolder&& other) noexcept;
  OwnFolder& operator=(OwnFolder&&) = delete;
  ~OwnFolder();

  const std::string& path() const { return path_; }

 private:
  OwnFolder(std::string path, Descriptor lock);

  std::string path_;  // empty: moved from
  Descriptor lock_;   // goes after the folder
};

}  // namespace am::transport
