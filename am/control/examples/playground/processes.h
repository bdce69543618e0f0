// Processes: programs that this one starts, in order, and ends in reverse.
//
// One thread, whose end is theirs (am/examples/child_process.h).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/examples/child_process.h"

namespace am::playground {

class Processes {
 public:
  // Returns the first line that it prints. UNAVAILABLE: it printed none within
  // 20 s, or has ended. Others: the system refused.
  absl::StatusOr<std::string> Add(const std::string& name,
                                  std::vector<std::string> command);

  // The name of one that has ended; empty: all run.
  std::string FindEnded() const;

  // Not OK: one ended otherwise than it should, or had to be killed after 5 s.
  absl::Status Stop();

 private:
  struct Process {
    std::string name;
    examples::ChildProcess child;
  };

  std::vector<Process> all_;
};

}  // namespace am::playground
