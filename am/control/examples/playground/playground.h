// Playground: a registry and workers, as processes of this one.
//
// One thread. It leaves nothing behind, neither processes nor files, whatever
// happens to them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "am/control/examples/playground/processes.h"
#include "am/control/examples/playground/temporary_folder.h"

namespace am::playground {

// What a worker says of itself.
struct WorkerInfo {
  std::string name;
  std::string id;
  std::string control;  // "host:port"
  std::string data;     // "tcp://host:port"
};

class Playground {
 public:
  // Runs the am_registry at `registry_program`, and workers that are this
  // program with other arguments. Blocks until all serve. Not OK: who did not
  // start, and why; then none is left.
  static absl::StatusOr<Playground> Start(
      const std::string& registry_program,
      const std::vector<std::string>& names);

  const std::string& registry() const { return registry_; }
  const std::vector<WorkerInfo>& workers() const { return workers_; }
  Processes& processes() { return processes_; }

 private:
  explicit Playground(TemporaryFolder folder) : folder_(std::move(folder)) {}

  absl::Status AddWorker(const std::string& name);

  TemporaryFolder folder_;  // of the sockets; goes last
  Processes processes_;
  std::string registry_;
  std::vector<WorkerInfo> workers_;
};

}  // namespace am::playground
