// Worker: the other end of a cohort: it has a rank, and handlers that its
// leader calls.
//
//   1. auto manager = am::Manager::Make();
//   2. (*manager)->Register(service);     // first: work may come at once
//   3. auto worker = am::cohort::Worker::Join(
//          **manager, {.leader = "tcp://10.0.0.7:5555", .rank = 2});
//   4. (*worker)->AwaitEnd();             // until the leader asks, or is lost
//   5. (*worker)->Leave();
//      (*manager)->Shutdown();            // finishes what still runs
//
// Threads: any, but for the destructor. Ownership: the manager is not owned,
// and must outlive it. A manager is in one cohort at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/cohort/worker_options.h"
#include "am/future.h"
#include "am/instance_id.h"
#include "am/manager.h"
#include "am/task.h"
#include "am/v1/cohort.pb.h"

namespace am::cohort {

class WorkerCore;

class Worker final {
 public:
  // Joins; waits for a leader that is not there yet. Blocks, up to
  // `join_timeout`. DEADLINE_EXCEEDED: there was no leader. The rest is how the
  // leader refused; see am.v1.Cohort/Join. ALREADY_EXISTS may also mean that
  // the manager is in a cohort already.
  static absl::StatusOr<std::unique_ptr<Worker>> Join(Manager& manager,
                                                      WorkerOptions options);

  // The same for coroutines, which may await it.
  static Task<absl::StatusOr<std::unique_ptr<Worker>>> JoinTask(
      Manager& manager, WorkerOptions options);

  // Does not leave: the leader loses it when the manager ends.
  ~Worker();

  int rank() const;
  InstanceId leader() const;

  // The latest epoch that it knows.
  v1::CohortState state() const;

  // Blocks until all have joined. DEADLINE_EXCEEDED: not in time. Else as
  // AwaitEnd.
  absl::Status AwaitComplete(absl::Duration timeout);

  // Arrives at the barrier of this name: done when every rank and the leader
  // have (Leader::Barrier). ABORTED: one of them never will.
  // FAILED_PRECONDITION: the leader does not count us in.
  Future<void> Barrier(const std::string& name, absl::Duration timeout);

  // Blocks until this worker is to leave. OK: its leader asks for it, or Leave
  // was called. UNAVAILABLE: the leader is lost. ABORTED: it counts us in no
  // more, or forced us.
  absl::Status AwaitEnd();

  // Gives the rank up, in order. Work that was begun may go on.
  Future<void> Leave();

  // Messages of an old epoch, or from another leader, that were refused.
  std::uint64_t stale_refused() const;

 private:
  explicit Worker(std::shared_ptr<WorkerCore> core) : core_(std::move(core)) {}

  const std::shared_ptr<WorkerCore> core_;
};

}  // namespace am::cohort
