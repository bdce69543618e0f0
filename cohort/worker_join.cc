// How a worker finds its leader and joins, also when that takes several tries.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/any_instance.h"
#include "am/cohort/worker_core.h"
#include "am/v1/cohort.am.h"
#include "am/v1/node.pb.h"
#include "am/v1/wire.pb.h"
#include "am/wire/duration_proto.h"

namespace am::cohort {
namespace {

using v1::CohortAm;

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(10);
constexpr absl::Duration kLongestBackoff = absl::Milliseconds(500);
constexpr absl::Duration kConnectTimeout = absl::Seconds(10);

// A leader's label (ManagerOptions::labels) with the name of its cohort.
constexpr char kCohortLabel[] = "cohort";

// Nobody leads there yet, or somebody no more.
bool MayComeYet(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsUnimplemented(status) ||
         absl::IsNotFound(status) || absl::IsDeadlineExceeded(status);
}

bool Leads(const InstanceRecord& record, const std::string& cohort) {
  const auto label = record.labels.find(kCohortLabel);
  const bool is_other = !cohort.empty() && label != record.labels.end() &&
                        label->second != cohort;
  return !record.draining && !is_other &&
         std::any_of(record.handlers.begin(), record.handlers.end(),
                     [](const HandlerRecord& handler) {
                       return handler.name == CohortAm::kJoin.spec.name;
                     });
}

}  // namespace

Task<absl::StatusOr<v1::PeerInfo>> WorkerCore::FindLeader(
    absl::Duration timeout) {
  if (options_.leader.empty()) co_return co_await FindInDirectory(timeout);
  co_return co_await client_.StartConnect(options_.leader,
                                          std::min(timeout, kConnectTimeout));
}

Task<absl::StatusOr<v1::PeerInfo>> WorkerCore::FindInDirectory(
    absl::Duration timeout) {
  const absl::Time until = clock_.Now() + timeout;
  const auto awaited = co_await client_.AwaitHandler(
      AnyInstance(), CohortAm::kJoin.spec.name, timeout);
  if (!awaited.ok()) co_return awaited.status();
  absl::StatusOr<v1::PeerInfo> leader =
      absl::NotFoundError("the directory knows no leader of the cohort");
  // It may know some who have just died.
  for (const InstanceRecordPtr& record : client_.ListInstances()) {
    if (leader.ok() || !Leads(*record, options_.cohort)) continue;
    leader = co_await client_.StartConnect(
        record->peer, std::min(until - clock_.Now(), kConnectTimeout));
  }
  co_return leader;
}

v1::JoinRequest WorkerCore::RequestTo(InstanceId leader) const {
  v1::JoinRequest request;
  MutexLock lock(mutex_);
  const v1::CohortRef& known = state_.cohort.cohort();
  request.mutable_cohort()->set_name(options_.cohort);
  if (known.id() == leader.value()) *request.mutable_cohort() = known;
  if (options_.rank.has_value()) request.set_rank(*options_.rank);
  request.mutable_labels()->insert(options_.labels.begin(),
                                   options_.labels.end());
  return request;
}

Task<absl::Status> WorkerCore::TryJoin(absl::Time until) {
  const absl::StatusOr<v1::PeerInfo> found =
      co_await FindLeader(until - clock_.Now());
  if (!found.ok()) co_return found.status();
  const InstanceId leader(found->id());
  // A leader that is about to be.
  const auto awaited = co_await client_.AwaitHandler(
      leader, CohortAm::kJoin.spec.name, until - clock_.Now());
  if (!awaited.ok()) co_return awaited.status();
  const v1::JoinRequest request = RequestTo(leader);
  {
    MutexLock lock(mutex_);
    // Its epochs may come before its answer.
    if (state_.leader != leader) {
      state_.cohort.Clear();
      state_.joined_epoch = 0;
    }
    state_.leader = leader;
  }
  CallOptions call;
  call.timeout = std::max(until - clock_.Now(), absl::Nanoseconds(1));
  const absl::StatusOr<v1::JoinResponse> response =
      co_await client_.Call(CohortAm::kJoin, leader, request, call);
  if (response.ok()) OnJoined(*response);
  co_return response.status();
}

void WorkerCore::OnJoined(const v1::JoinResponse& response) {
  {
    MutexLock lock(mutex_);
    state_.rank = response.rank();
    state_.joined_epoch = response.joined_epoch();
    heartbeat_interval_ = FromProto(response.heartbeat_interval());
    heartbeat_timeout_ = FromProto(response.heartbeat_timeout());
    joined_ = true;
  }
  Take(response.state());
}

Task<absl::Status> WorkerCore::Join(absl::Time until) {
  const std::shared_ptr<WorkerCore> self = shared_from_this();
  absl::Duration backoff = kFirstBackoff;
  absl::Status last = absl::UnavailableError("there was no time");
  while (clock_.Now() < until && !stopped_) {
    last = co_await TryJoin(until);
    if (!MayComeYet(last)) co_return last;
    const Promise wait(client_, std::min(backoff, until - clock_.Now()));
    const absl::Status waited = co_await wait.future();
    if (!absl::IsDeadlineExceeded(waited)) co_return waited;  // We shut down.
    backoff = std::min(2 * backoff, kLongestBackoff);
  }
  co_return absl::DeadlineExceededError(
      absl::StrCat("no leader took this worker in time: ", last.ToString()));
}

Task<void> WorkerCore::Rejoin() {
  const std::shared_ptr<WorkerCore> self = shared_from_this();
  const absl::Status joined =
      co_await Join(clock_.Now() + options_.leader_return_timeout);
  if (joined.ok() || stopped_) co_return;
  Finish(absl::UnavailableError(
      absl::StrCat("the leader did not take us back: ", joined.message())));
}

}  // namespace am::cohort
