#include "am/transport/own_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "tests/transport/empty_folder.h"

namespace am::transport {
namespace {

namespace fs = std::filesystem;

class OwnFolderTest : public testing::Test {
 protected:
  OwnFolder Make() const { return *OwnFolder::Make(parent_.path(), "own-"); }

  static void Fill(const std::string& folder) {
    fs::create_directories(folder + "/a/b");
    std::ofstream(folder + "/a/b/c") << "text";
  }

  // The folder of a process that was killed after it had done something more.
  std::string Abandon(absl::FunctionRef<void()> more = [] {}) const {
    int paths[2];
    EXPECT_EQ(pipe2(paths, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
      const OwnFolder folder = Make();
      Fill(folder.path());
      more();
      const auto size = static_cast<ssize_t>(folder.path().size());
      if (write(paths[1], folder.path().data(), folder.path().size()) == size) {
        raise(SIGKILL);
      }
      _exit(1);
    }
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    char path[256] = "";
    EXPECT_GT(read(paths[0], path, sizeof(path) - 1), 0);
    for (const int end : paths) close(end);
    return path;
  }

  const EmptyFolder parent_;
};

TEST_F(OwnFolderTest, IsPrivateAndGoesWithAllThatIsInIt) {
  std::string path;
  {
    const OwnFolder folder = Make();
    path = folder.path();
    Fill(path);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(OwnFolderTest, GoesOnceAlsoIfItIsMoved) {
  std::optional<OwnFolder> first(Make());
  const OwnFolder second(*std::move(first));
  first.reset();
  EXPECT_TRUE(fs::exists(second.path()));
}

TEST_F(OwnFolderTest, TheNextOneSweepsWhatAKilledProcessLeft) {
  const std::string left = Abandon();
  ASSERT_TRUE(fs::exists(left + "/a/b/c"));
  Make();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(OwnFolderTest, NoneThatIsInUseIsSwept) {
  const OwnFolder mine = Make();
  Fill(mine.path());
  Make();
  EXPECT_TRUE(fs::exists(mine.path() + "/a/b/c"));
}

TEST_F(OwnFolderTest, WhatAForkedChildStillUsesIsSweptAfterIt) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int running[2];
  ASSERT_EQ(pipe2(running, O_CLOEXEC), 0);
  const std::string left = Abandon([&] {
    if (fork() != 0) return;
    close(running[1]);
    char nothing;
    _exit(static_cast<int>(read(running[0], &nothing, 1)));
  });
  Make();
  EXPECT_TRUE(fs::exists(left + "/a/b/c"));
  for (const int end : running) close(end);
  EXPECT_GT(waitpid(-1, nullptr, 0), 0);
  Make();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(OwnFolderTest, WhatIsNotOfTheKindOrNotOursIsLetBe) {
  const std::string other_kind = absl::StrCat(parent_.path(), "/other-1");
  const std::string no_lock = absl::StrCat(parent_.path(), "/own-1");
  for (const std::string& folder : {other_kind, no_lock}) Fill(folder);
  std::ofstream(other_kind + "/.am-own-folder") << "";
  std::ofstream(no_lock + "/lock") << "";
  Make();
  for (const std::string& folder : {other_kind, no_lock}) {
    EXPECT_TRUE(fs::exists(folder + "/a/b/c")) << folder;
    fs::remove_all(folder);
  }
}

TEST_F(OwnFolderTest, NeedsItsParent) {
  EXPECT_TRUE(
      absl::IsUnavailable(OwnFolder::Make("/no/such/folder", "own-").status()));
}

}  // namespace
}  // namespace am::transport
