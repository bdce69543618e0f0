#include "am/examples/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace am::examples {
namespace {

// Turns a forked process into the program. Only what is safe in a signal
// handler may be called here: other threads may have held locks in the fork.
[[noreturn]] void Become(char** argv, int output, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool orphan = getppid() != parent;  // it ended before the line above
  if (!orphan && dup2(output, STDOUT_FILENO) >= 0) execv(argv[0], argv);
  _exit(127);
}

absl::Status Refused(const char* what) {
  return absl::Status(absl::ErrnoToStatusCode(errno), what);
}

}  // namespace

absl::StatusOr<Spawned> Spawn(std::vector<std::string> command) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Refused("pipe2");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Become(argv.data(), ends[1], parent);
  const absl::Status refused = Refused("fork");
  close(ends[1]);
  if (child > 0) return Spawned{child, ends[0]};
  close(ends[0]);
  return refused;
}

}  // namespace am::examples
