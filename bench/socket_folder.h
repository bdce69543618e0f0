// SocketFolder: a private folder for a unix socket, removed with the object.
//
// A value that does not copy; one thread.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace am::bench {

class SocketFolder {
 public:
  SocketFolder() {
    char path[] = "/tmp/am-bench.XXXXXX";
    if (mkdtemp(path) != nullptr) path_ = path;
  }
  ~SocketFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  // A path in it for a socket, the same at each call.
  std::string socket() const { return path_ + "/socket"; }

 private:
  std::string path_;
};

}  // namespace am::bench
