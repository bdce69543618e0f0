// Crew: the worker processes of the benchmark of cohorts. Each serves Pinger as
// a member of a cohort, and also echoes what comes over raw libzmq.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/cohort/leader.h"
#include "am/examples/child_process.h"
#include "am/manager.h"

namespace am::bench {

// In a process that Crew started: works until it is killed, and returns what
// main shall return. Nothing in any other process. REQUIRES: no thread was
// started.
std::optional<int> WorkIfAsked(int argc, char** argv);

class Crew final {
 public:
  // By which way the leader and its workers reach each other.
  enum class Way { kMemory, kZmq };

  // Blocks until all have joined.
  static absl::StatusOr<std::unique_ptr<Crew>> Start(int workers, Way way);

  cohort::Leader& leader() { return *leader_; }

  // Where each worker echoes over raw libzmq, by rank.
  const std::vector<std::string>& echoes() const { return echoes_; }

 private:
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<cohort::Leader> leader_;
  std::vector<examples::ChildProcess> processes_;
  std::vector<std::string> echoes_;
};

// The bar: a PUSH to each worker and one PULL, a message there and back.
class RawLoop final {
 public:
  // Throws zmq::error_t.
  explicit RawLoop(const std::vector<std::string>& echoes);
  ~RawLoop();

  // Sends `payload` to all, and receives as many; each names its rank. False:
  // one did not come, or differs.
  bool Map(const std::string& payload);

 private:
  class Sockets;

  const std::unique_ptr<Sockets> sockets_;
};

}  // namespace am::bench
