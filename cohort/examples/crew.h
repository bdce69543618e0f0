// Crew: a cohort of real processes, one of which is killed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "am/cohort/examples/trainer.am.h"
#include "am/cohort/leader.h"
#include "am/examples/child_process.h"
#include "am/manager.h"

namespace am::examples {

inline constexpr int kKilled = 2;  // its rank

// This process: joins the leader at `address`, and works until it ends.
void RunAsWorker(const std::string& address, int rank);

// A leader, and its workers as processes of this program.
class Crew final {
 public:
  Crew(int workers, cohort::FailurePolicy policy);

  cohort::Leader& leader() { return *leader_; }
  void StartWorker(int rank);
  void Kill(int rank);

  // Work for all, of which that of rank kKilled hangs if `hangs`.
  cohort::Operation<::examples::JobResult> Work(bool hangs);

  // Blocks until only kKilled is awaited, and prints what is known of it.
  void AwaitStraggler();

 private:
  const std::unique_ptr<Manager> manager_;
  std::unique_ptr<cohort::Leader> leader_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
};

}  // namespace am::examples
