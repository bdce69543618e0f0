// ChildProcess: a program that this one starts, and is sure to end.
//
// The child prints a line for what its parent needs to know, such as where it
// listens, and exits with 0 on SIGTERM. It is killed when the thread that
// started it ends, however that comes about.
//
// Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/examples/line_reader.h"
#include "am/examples/spawn.h"

namespace am::examples {

class ChildProcess {
 public:
  // As Spawn: "/proc/self/exe" is the program that runs now, and a path that
  // leads nowhere shows later, in ReadLine and Stop.
  static absl::StatusOr<ChildProcess> Start(std::vector<std::string> command);

  // Takes charge of a child that was started in another way.
  explicit ChildProcess(const Spawned& child)
      : pid_(child.pid), output_(child.output), lines_(child.output) {}

  // Kills it, if it was not stopped.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t pid() const { return pid_; }

  // The next line that it prints; see LineReader.
  absl::StatusOr<std::string> ReadLine(absl::Duration timeout) {
    return lines_.Next(timeout);
  }

  // Asks it to end and waits until it has. INTERNAL: it ended otherwise than
  // with 0, or had to be killed after `timeout`. REQUIRES: called once.
  absl::Status Stop(absl::Duration timeout);

 private:
  pid_t pid_;  // 0 once it has ended
  int output_;
  LineReader lines_;
};

}  // namespace am::examples
