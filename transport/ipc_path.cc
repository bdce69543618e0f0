#include "am/transport/ipc_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace am::transport {
namespace {

constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr absl::string_view kFolderKind = "am-ipc-";

absl::Status Unavailable(absl::string_view path) {
  return absl::UnavailableError(absl::ErrnoToStatus(errno, path).message());
}

absl::Status Taken(absl::string_view path, absl::string_view how) {
  return absl::AlreadyExistsError(absl::StrCat("ipc://", path, ": ", how));
}

// In the same folder, since rename does not cross file systems. Random, since
// processes of several containers may share the folder and their numbers.
std::string StagingPathFor(const std::string& path) {
  std::random_device random;
  return absl::StrFormat("%s/.am-%08x", path.substr(0, path.rfind('/')),
                         random());
}

bool SameFile(int fd, const std::string& path) {
  struct stat ours;
  struct stat theirs;
  return fstat(fd, &ours) == 0 && stat(path.c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

// An invalid descriptor if another holds it. Holders remove the file before
// they unlock, so a lock on a file that is no longer there is worth nothing.
absl::StatusOr<Descriptor> TryLockFile(const std::string& path) {
  while (true) {
    Descriptor file(
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) return Unavailable(path);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Unavailable(path);
      return Descriptor();
    }
    if (SameFile(file.get(), path)) return file;
  }
}

// Not only processes that know of our locks may listen on a path.
absl::Status CheckNobodyListens(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : Unavailable(path);
  }
  if (!S_ISSOCK(info.st_mode)) return Taken(path, "is a file and no socket");

  const Descriptor probe(
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return Unavailable(path);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0 &&
      errno == ECONNREFUSED) {
    return absl::OkStatus();
  }
  return Taken(path, "somebody listens there");
}

bool IsOurFolder(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid();
}

std::string DefaultParent() {
  const char* const runtime = secure_getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/' && IsOurFolder(runtime) &&
      std::strlen(runtime) < kMaxPathBytes / 2) {
    return runtime;
  }
  return "/tmp";
}

std::string LockPathFor(const std::string& path) {
  return absl::StrCat(path, ".lock");
}

}  // namespace

IpcClaim::IpcClaim(std::string path, Descriptor lock)
    : path_(std::move(path)),
      staging_path_(StagingPathFor(path_)),
      lock_(std::move(lock)) {}

absl::StatusOr<std::unique_ptr<IpcClaim>> IpcClaim::Make(
    const std::string& path) {
  if (path.size() > kMaxPathBytes ||
      StagingPathFor(path).size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("ipc://", path, ": too long for a unix socket, which has ",
                     kMaxPathBytes, " bytes at most"));
  }
  absl::StatusOr<Descriptor> lock = TryLockFile(LockPathFor(path));
  if (!lock.ok()) return lock.status();
  if (!lock->valid()) return Taken(path, "somebody listens there");
  std::unique_ptr<IpcClaim> claim(new IpcClaim(path, *std::move(lock)));
  if (absl::Status free = CheckNobodyListens(path); !free.ok()) return free;
  return claim;
}

IpcClaim::~IpcClaim() {
  if (published_) unlink(path_.c_str());
  unlink(LockPathFor(path_).c_str());
}

absl::Status IpcClaim::Publish() {
  if (chmod(staging_path_.c_str(), 0600) != 0 ||
      rename(staging_path_.c_str(), path_.c_str()) != 0) {
    return Unavailable(path_);
  }
  published_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<IpcFolder>> IpcFolder::Make(
    const std::string& parent) {
  absl::StatusOr<OwnFolder> folder =
      OwnFolder::Make(parent.empty() ? DefaultParent() : parent, kFolderKind);
  if (!folder.ok()) return folder.status();
  return std::unique_ptr<IpcFolder>(new IpcFolder(*std::move(folder)));
}

std::string IpcFolder::NextSocketPath() {
  return absl::StrCat(path(), "/", ++sockets_);
}

}  // namespace am::transport
