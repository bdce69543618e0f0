// Processes: programs that this one starts, in order, and ends in reverse.
//
// One thread, whose end is theirs (am/examples/child_process.h).
#pragma once

#include <list>
#include <optional>
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

  // One that has ended by itself, and how, of whom nothing is known from then
  // on; none: all run.
  struct Ended {
    std::string name;
    absl::Status how;
  };
  std::optional<Ended> TakeEnded();

  // REQUIRES: !is_empty().
  int pid_of_last() const { return all_.back().child.pid(); }

  bool is_empty() const { return all_.empty(); }

  // Not OK: one ended otherwise than it should, or had to be killed after 5 s.
  absl::Status Stop();

 private:
  struct Process {
    std::string name;
    examples::ChildProcess child;
  };

  std::list<Process> all_;
};

}  // namespace am::playground
