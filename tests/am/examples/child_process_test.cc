#include "am/examples/child_process.h"

#include <signal.h>

#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace am::examples {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

ChildProcess Shell(const std::string& script) {
  absl::StatusOr<ChildProcess> child =
      ChildProcess::Start({"/bin/sh", "-c", script});
  EXPECT_TRUE(child.ok()) << child.status();
  return *std::move(child);
}

TEST(ChildProcess, SpeaksLineByLine) {
  ChildProcess child = Shell("echo one; echo; printf 'two\\nthree'");
  EXPECT_EQ(child.ReadLine(kPatience).value(), "one");
  EXPECT_EQ(child.ReadLine(kPatience).value(), "");
  EXPECT_EQ(child.ReadLine(kPatience).value(), "two");
  EXPECT_EQ(child.ReadLine(kPatience).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ChildProcess, SilenceIsBounded) {
  ChildProcess child = Shell("exec cat /dev/zero > /dev/null");
  EXPECT_EQ(child.ReadLine(absl::Milliseconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(ChildProcess, EndsInOrderWhenAsked) {
  ChildProcess child =
      Shell("trap 'exit 0' TERM; echo ready; while :; do read x; done");
  ASSERT_TRUE(child.ReadLine(kPatience).ok());
  EXPECT_EQ(child.Stop(kPatience), absl::OkStatus());
}

TEST(ChildProcess, ItsExitCodeIsTold) {
  ChildProcess child =
      Shell("trap 'exit 3' TERM; echo ready; while :; do read x; done");
  ASSERT_TRUE(child.ReadLine(kPatience).ok());
  EXPECT_EQ(child.Stop(kPatience),
            absl::InternalError("ended with exit code 3"));
}

TEST(ChildProcess, IsKilledWhenItWillNotEnd) {
  ChildProcess child =
      Shell("trap '' TERM; echo ready; while :; do read x; done");
  ASSERT_TRUE(child.ReadLine(kPatience).ok());
  EXPECT_EQ(child.Stop(absl::Milliseconds(1)),
            absl::InternalError("ended with signal 9"));
}

TEST(ChildProcess, AProgramThatIsNotThereShows) {
  absl::StatusOr<ChildProcess> child = ChildProcess::Start({"/no/such"});
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->ReadLine(kPatience).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(child->Stop(kPatience),
            absl::InternalError("ended with exit code 127"));
}

TEST(ChildProcess, DiesWithTheThreadThatStartedIt) {
  std::optional<ChildProcess> child;
  std::thread([&] {
    child.emplace(Shell("echo ready; exec cat /dev/zero > /dev/null"));
    ASSERT_TRUE(child->ReadLine(kPatience).ok());
  }).join();
  EXPECT_EQ(child->ReadLine(kPatience).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ChildProcess, LeavesNothingBehind) {
  pid_t pid;
  {
    ChildProcess child = Shell("echo ready; exec cat /dev/zero > /dev/null");
    ASSERT_TRUE(child.ReadLine(kPatience).ok());
    pid = child.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace am::examples
