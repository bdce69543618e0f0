#include "tests/fault/fork.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace am::fault {
namespace {

[[noreturn]] void Become(const std::function<int()>& run, int output,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool orphan = getppid() != parent;  // it ended before the line above
  if (orphan || dup2(output, STDOUT_FILENO) < 0) _exit(127);
  const int code = run();
  std::fflush(nullptr);
  _exit(code);
}

absl::Status Refused(const char* what) {
  return absl::Status(absl::ErrnoToStatusCode(errno), what);
}

}  // namespace

absl::StatusOr<examples::ChildProcess> Fork(const std::function<int()>& run) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Refused("pipe2");
  std::fflush(nullptr);  // or the child would print it once more
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Become(run, ends[1], parent);
  const absl::Status refused = Refused("fork");
  close(ends[1]);
  if (child > 0) return examples::ChildProcess({child, ends[0]});
  close(ends[0]);
  return refused;
}

}  // namespace am::fault
