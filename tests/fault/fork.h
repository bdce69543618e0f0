// Fork: a process of this program that runs one of its functions.
//
//   examples::ChildProcess server = OrDie(Fork([&] { return Serve(options);
//   }));
//
// It takes everything along that was made before, journals among it, so that
// nothing need be written as flags and read again.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "am/examples/child_process.h"

namespace am::fault {

// The child runs `run` and exits with what it returns; what it prints comes
// back through a pipe. It is killed when this thread ends, however that comes
// about. Not OK: the system refused. REQUIRES: this process has one thread.
absl::StatusOr<examples::ChildProcess> Fork(const std::function<int()>& run);

}  // namespace am::fault
