#include "am/transport/ipc_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "am/transport/descriptors.h"
#include "gtest/gtest.h"
#include "tests/transport/empty_folder.h"

namespace am::transport {
namespace {

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

int ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return static_cast<int>(info.st_mode & 07777);
}

void Touch(const std::string& path) {
  EXPECT_TRUE(Descriptor(open(path.c_str(), O_CREAT | O_WRONLY, 0600)).valid());
}

// Binds without a word to anybody, as a process would that knows no locks.
Descriptor ListenAt(const std::string& path) {
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)),
            0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  return listener;
}

class IpcPath : public testing::Test {
 protected:
  std::string In(const std::string& name) const {
    return absl::StrCat(folder_.path(), "/", name);
  }

  absl::StatusCode Claim(const std::string& path) const {
    return IpcClaim::Make(path).status().code();
  }

  const EmptyFolder folder_;
};

TEST_F(IpcPath, ClaimExcludesOthersWhileItLives) {
  const std::string path = In("a");
  absl::StatusOr<std::unique_ptr<IpcClaim>> claim = IpcClaim::Make(path);
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_EQ(Claim(path), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Claim(In("b")), absl::StatusCode::kOk);
  claim->reset();
  EXPECT_EQ(Claim(path), absl::StatusCode::kOk);
}

TEST_F(IpcPath, PublishedSocketIsForItsOwnerAndGoesWithTheClaim) {
  const std::string path = In("a");
  {
    absl::StatusOr<std::unique_ptr<IpcClaim>> claim = IpcClaim::Make(path);
    ASSERT_TRUE(claim.ok()) << claim.status();
    const Descriptor listener = ListenAt((*claim)->staging_path());
    EXPECT_TRUE((*claim)->Publish().ok());
    EXPECT_EQ(ModeOf(path), 0600);
    EXPECT_FALSE(Exists((*claim)->staging_path()));
  }
  EXPECT_FALSE(Exists(path));
}

TEST_F(IpcPath, LivingListenerWithoutALockIsRespected) {
  const std::string path = In("a");
  {
    const Descriptor listener = ListenAt(path);
    EXPECT_EQ(Claim(path), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(Exists(path));
  }
  unlink(path.c_str());
}

TEST_F(IpcPath, SocketThatNobodyServesIsReplaced) {
  const std::string path = In("a");
  ListenAt(path);
  Touch(path + ".lock");
  absl::StatusOr<std::unique_ptr<IpcClaim>> claim = IpcClaim::Make(path);
  ASSERT_TRUE(claim.ok()) << claim.status();
  const Descriptor listener = ListenAt((*claim)->staging_path());
  EXPECT_TRUE((*claim)->Publish().ok());
}

TEST_F(IpcPath, FileThatIsNoSocketIsRespected) {
  const std::string path = In("precious");
  Touch(path);
  EXPECT_EQ(Claim(path), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(unlink(path.c_str()), 0);
}

TEST_F(IpcPath, ImpossiblePathsAreRefused) {
  EXPECT_EQ(Claim(In("no/such/folder")), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Claim(In(std::string(100, 'x'))),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(IpcPath, FolderHasAnotherPathForEachSocketAndGoesWithThem) {
  std::string first;
  {
    absl::StatusOr<std::unique_ptr<IpcFolder>> folder =
        IpcFolder::Make(folder_.path());
    ASSERT_TRUE(folder.ok()) << folder.status();
    first = (*folder)->NextSocketPath();
    EXPECT_NE(first, (*folder)->NextSocketPath());
    Touch(first);
  }
  EXPECT_FALSE(Exists(first));
}

TEST_F(IpcPath, FolderNeedsItsParent) {
  EXPECT_EQ(IpcFolder::Make(In("missing")).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace am::transport
