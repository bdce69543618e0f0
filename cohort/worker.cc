#include "am/cohort/worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/collective.h"
#include "am/cohort/worker_core.h"

namespace am::cohort {
namespace {

// For waits without a bound of their own.
constexpr absl::Duration kLong = absl::Hours(1);

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Join(Manager& manager,
                                                     WorkerOptions options) {
  return Collective<absl::StatusOr<std::unique_ptr<Worker>>>(
             manager.client(), JoinTask(manager, std::move(options)))
      .Await();
}

Task<absl::StatusOr<std::unique_ptr<Worker>>> Worker::JoinTask(
    Manager& manager, WorkerOptions options) {
  const auto core = std::make_shared<WorkerCore>(manager, std::move(options));
  absl::Status started = core->Start();
  if (!started.ok()) co_return started;
  const absl::Status joined =
      co_await core->Join(core->Now() + core->options().join_timeout);
  if (!joined.ok()) {
    core->Stop();
    co_return joined;
  }
  core->BeginWatch();
  co_return std::unique_ptr<Worker>(new Worker(core));
}

Worker::~Worker() { core_->Stop(); }

int Worker::rank() const { return core_->state().rank; }

InstanceId Worker::leader() const { return core_->state().leader; }

v1::CohortState Worker::state() const { return core_->state().cohort; }

absl::Status Worker::AwaitComplete(absl::Duration timeout) {
  const absl::Status awaited =
      core_
          ->Await(
              [](const WorkerCore::State& state) {
                return state.end.has_value() ||
                       state.cohort.phase() != v1::CohortState::FORMING;
              },
              timeout)
          .Await();
  const WorkerCore::State state = core_->state();
  if (state.end.has_value() && !state.end->ok()) return *state.end;
  if (!awaited.ok()) return awaited;
  if (state.cohort.phase() < v1::CohortState::FAILED) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the cohort ended: ", state.cohort.why()));
}

Future<void> Worker::Barrier(const std::string& name, absl::Duration timeout) {
  return core_->Arrive(name, timeout);
}

absl::Status Worker::AwaitEnd() {
  absl::Status awaited;
  do {
    awaited = core_
                  ->Await(
                      [](const WorkerCore::State& state) {
                        return state.end.has_value();
                      },
                      kLong)
                  .Await();
  } while (absl::IsDeadlineExceeded(awaited));
  return awaited.ok() ? *core_->state().end : awaited;
}

Future<void> Worker::Leave() { return core_->Leave(); }

std::uint64_t Worker::stale_refused() const { return core_->stale_refused(); }

}  // namespace am::cohort
