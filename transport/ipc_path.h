// Where unix sockets live: who may listen on a path, and a private folder.
//
// libzmq removes whatever stands on an ipc path before it binds: a second
// process takes the path of a living one, silently. And it removes its own file
// at some later time, from a thread of its own, even if by then the file is
// another's. So sockets are bound under another name, which libzmq may remove
// as it likes, and then renamed by whoever holds the lock of the path.
//
// Locks are flock(2) on a file beside the socket and end with the process,
// however it ends; so a path left behind by a killed process is free.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/transport/descriptors.h"
#include "am/transport/own_folder.h"

namespace am::transport {

// The right to listen on one path, until destroyed; then nothing of it is left.
// Threads: none of its own, one caller at a time.
class IpcClaim final {
 public:
  // ALREADY_EXISTS: somebody listens there, or it is no socket.
  // INVALID_ARGUMENT: too long for a unix socket. UNAVAILABLE: no such folder,
  // or no right to write there.
  static absl::StatusOr<std::unique_ptr<IpcClaim>> Make(
      const std::string& path);

  IpcClaim(const IpcClaim&) = delete;
  IpcClaim& operator=(const IpcClaim&) = delete;
  ~IpcClaim();

  // Where to bind the socket.
  const std::string& staging_path() const { return staging_path_; }

  // Moves the socket bound at staging_path to the path, for its owner alone
  // (mode 0600).
  absl::Status Publish();

 private:
  IpcClaim(std::string path, Descriptor lock);

  const std::string path_;
  const std::string staging_path_;
  const Descriptor lock_;
  bool published_ = false;
};

// A folder for the sockets of one transport (am/transport/own_folder.h).
// Threads: none of its own, one caller at a time.
class IpcFolder final {
 public:
  // In `parent`; if that is empty, in $XDG_RUNTIME_DIR if it is ours, or in
  // /tmp. UNAVAILABLE: it cannot be made there, and why.
  static absl::StatusOr<std::unique_ptr<IpcFolder>> Make(
      const std::string& parent);

  const std::string& path() const { return folder_.path(); }

  // Another one each time.
  std::string NextSocketPath();

 private:
  explicit IpcFolder(OwnFolder folder) : folder_(std::move(folder)) {}

  const OwnFolder folder_;
  int sockets_ = 0;
};

}  // namespace am::transport
