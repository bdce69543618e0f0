#include "am/examples/child_process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace am::examples {
namespace {

std::string Describe(int status) {
  if (WIFEXITED(status)) return absl::StrCat("exit code ", WEXITSTATUS(status));
  return absl::StrCat("signal ", WTERMSIG(status));
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(
    std::vector<std::string> command) {
  const absl::StatusOr<Spawned> child = Spawn(std::move(command));
  if (!child.ok()) return child.status();
  return ChildProcess(*child);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      output_(std::exchange(other.output_, -1)),
      lines_(std::move(other.lines_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) Stop(absl::ZeroDuration()).IgnoreError();
  if (output_ >= 0) close(output_);
}

absl::Status ChildProcess::Stop(absl::Duration timeout) {
  // Readable once the child has ended. glibc 2.36 declares pidfd_open for C.
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  kill(pid_, SIGTERM);
  if (!ReadableWithin(ended, timeout)) kill(pid_, SIGKILL);
  close(ended);
  int status = 0;
  waitpid(std::exchange(pid_, 0), &status, 0);
  if (status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("ended with ", Describe(status)));
}

}  // namespace am::examples
