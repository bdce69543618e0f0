#include "am/transport/own_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace am::transport {
namespace {

namespace fs = std::filesystem;

// No other program has a reason to call a file so: what is beside it is ours.
constexpr char kLock[] = ".am-own-folder";

absl::Status Unavailable(absl::string_view path) {
  return absl::UnavailableError(absl::ErrnoToStatus(errno, path).message());
}

void RemoveAll(const std::string& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

bool IsOurs(const std::string& folder) {
  struct stat info;
  return lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid();
}

// Whether the file is still in its folder. Whoever removes a folder has locked
// it until after that, so a lock on a file that is gone is worth nothing.
bool IsLinked(const Descriptor& file) {
  struct stat info;
  return fstat(file.get(), &info) == 0 && info.st_nlink > 0;
}

std::vector<std::string> FoldersOf(const std::string& parent,
                                   absl::string_view kind) {
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    if (absl::StartsWith(it->path().filename().string(), kind)) {
      folders.push_back(it->path().string());
    }
  }
  return folders;
}

// Removes what killed processes of this user left. A folder without the lock's
// file may be one that is being made, or another's; it is let be.
void Sweep(const std::string& parent, absl::string_view kind) {
  for (const std::string& folder : FoldersOf(parent, kind)) {
    if (!IsOurs(folder)) continue;
    const Descriptor lock(open(absl::StrCat(folder, "/", kLock).c_str(),
                               O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (lock.valid() && flock(lock.get(), LOCK_EX | LOCK_NB) == 0 &&
        IsLinked(lock)) {
      RemoveAll(folder);
    }
  }
}

// The lock's file gets its name only once it is locked, so that no sweep finds
// it free.
absl::StatusOr<Descriptor> Lock(const std::string& folder) {
  const std::string unlocked = absl::StrCat(folder, "/unlocked");
  const std::string locked = absl::StrCat(folder, "/", kLock);
  Descriptor lock(open(unlocked.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                       0600));
  if (!lock.valid() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0 ||
      std::rename(unlocked.c_str(), locked.c_str()) != 0) {
    return Unavailable(folder);
  }
  return lock;
}

}  // namespace

absl::StatusOr<OwnFolder> OwnFolder::Make(const std::string& parent,
                                          absl::string_view kind) {
  Sweep(parent, kind);
  std::string path = absl::StrCat(parent, "/", kind, "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) return Unavailable(parent);
  absl::StatusOr<Descriptor> lock = Lock(path);
  if (lock.ok()) return OwnFolder(std::move(path), *std::move(lock));
  RemoveAll(path);
  return lock.status();
}

OwnFolder::OwnFolder(std::string path, Descriptor lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

OwnFolder::OwnFolder(OwnFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")), lock_(std::move(other.lock_)) {}

OwnFolder::~OwnFolder() {
  if (!path_.empty()) RemoveAll(path_);
}

}  // namespace am::transport
