// Playground: a registry, a leader and its workers, as processes of this one.
//
// One thread. It leaves nothing behind, neither processes nor files, whatever
// happens to them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "am/control/examples/playground/processes.h"
#include "am/examples/temporary_folder.h"

namespace am::playground {

// What one that serves says of itself.
struct MemberInfo {
  std::string name;
  int pid;
  std::string id;
  std::string control;  // "host:port"
  std::string data;     // "tcp://host:port"
};

class Playground {
 public:
  // Runs the am_registry at `registry_program`, and others that are this
  // program with other arguments. Blocks until all serve. Not OK: who did not
  // start, and why; then none is left.
  static absl::StatusOr<Playground> Start(const std::string& registry_program);

  const std::string& registry() const { return registry_; }
  const std::vector<MemberInfo>& members() const { return members_; }
  Processes& processes() { return processes_; }

 private:
  explicit Playground(examples::TemporaryFolder folder)
      : folder_(std::move(folder)) {}

  absl::StatusOr<MemberInfo> Add(const std::string& role,
                                 const std::string& name);

  examples::TemporaryFolder folder_;  // of the sockets; goes last
  Processes processes_;
  std::string registry_;
  std::vector<MemberInfo> members_;
};

}  // namespace am::playground
