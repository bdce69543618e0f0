#include "tests/fault/fork.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "gtest/gtest.h"
#include "tests/fault/journal.h"

namespace am::fault {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

int WaitForSignals() {
  while (true) pause();
}

TEST(Fork, RunsAFunctionInAProcessOfItsOwn) {
  const pid_t parent = getpid();
  auto child = Fork([parent] {
    std::printf("%s\n", getppid() == parent ? "a child" : "no child");
    return 0;
  });
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->ReadLine(kPatience).value(), "a child");
  EXPECT_EQ(child->ReadLine(kPatience).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(Fork, ItsExitCodeIsTold) {
  auto child = Fork([] { return 3; });
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_FALSE(child->ReadLine(kPatience).ok());  // it is over
  EXPECT_EQ(child->Stop(kPatience),
            absl::InternalError("ended with exit code 3"));
}

TEST(Fork, SharesAJournalWithItsParent) {
  auto journal = Journal<int>::Make(1);
  ASSERT_TRUE(journal.ok()) << journal.status();
  auto child = Fork([&] { return (*journal)->Append(7) == nullptr ? 1 : 0; });
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_FALSE(child->ReadLine(kPatience).ok());
  int found = 0;
  (*journal)->ForEach([&](int number) { found = number; });
  EXPECT_EQ(found, 7);
}

TEST(Fork, LeavesNothingBehind) {
  pid_t pid;
  {
    auto child = Fork(WaitForSignals);
    ASSERT_TRUE(child.ok()) << child.status();
    pid = child->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace am::fault
