// Spawn: starts a program whose output comes back through a pipe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace am::examples {

struct Spawned {
  pid_t pid;
  int output;  // a descriptor to read what it prints; the caller's to close
};

// Runs `command`: a path ("/proc/self/exe" is the program that runs now) and
// its arguments. The program is killed when this thread ends; it exits with
// 127 if there is none at that path. Not OK: the system refused.
absl::StatusOr<Spawned> Spawn(std::vector<std::string> command);

}  // namespace am::examples
