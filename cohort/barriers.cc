#include "am/cohort/barriers.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace am::cohort {
namespace {

using State = v1::CohortState;

// Whether the barrier has to wait for this member.
bool MustArrive(const Member& member, const View& view) {
  return member.is_active() || view.phase != State::DEGRADED;
}

// Whether it never will come.
bool IsHopeless(const Member& member, const View& view) {
  if (view.is_over()) return true;
  return member.state == MemberState::kLost && view.phase != State::WAITING &&
         view.phase != State::FORMING;
}

RankResult<void> ResultOf(const Member& member, bool arrived,
                          absl::Duration after, const absl::Status& status) {
  RankResult<void> result;
  result.rank = member.rank;
  result.took = after;
  if (arrived) {
    result.outcome = status.ok() ? Outcome::kOk : Outcome::kCancelled;
    result.value = status;
    return result;
  }
  absl::Status why = member.why.ok() ? status : member.why;
  result.outcome = Outcome::kLate;
  if (member.state == MemberState::kAbsent) {
    result.outcome = Outcome::kNeverJoined;
  } else if (!member.is_active()) {
    result.outcome = Outcome::kLost;
  }
  if (why.ok()) why = absl::UnavailableError("it is not there");
  result.value = absl::Status(
      why.code(), absl::StrCat("rank ", member.rank, ": ", why.message()));
  return result;
}

}  // namespace

Future<void> Barriers::Arrive(const std::string& name, int rank,
                              absl::Duration timeout) {
  std::vector<Ending> endings;
  const Promise promise(client_, timeout);
  Future<void> arrived = promise.future();
  {
    MutexLock lock(mutex_);
    Barrier& barrier = barriers_[name];
    const auto found = barrier.arrived.find(rank);
    if (found != barrier.arrived.end() && !found->second.promise.ended()) {
      return Future<void>(absl::AlreadyExistsError(absl::StrCat(
          "rank ", rank, " waits at barrier \"", name, "\" already")));
    }
    barrier.arrived.erase(rank);
    const absl::Duration after = barrier.leader.has_value()
                                     ? clock_.Now() - barrier.begun
                                     : absl::ZeroDuration();
    barrier.arrived.emplace(rank, Arrival{promise, after});
    Look(name, *roster_->view(), endings);
  }
  Tell(endings);
  return arrived;
}

absl::StatusOr<Future<void>> Barriers::BeginWait(const std::string& name,
                                                 absl::Duration timeout) {
  std::vector<Ending> endings;
  const Promise promise(client_, timeout);
  {
    MutexLock lock(mutex_);
    Barrier& barrier = barriers_[name];
    if (barrier.leader.has_value()) {
      return absl::AlreadyExistsError(
          absl::StrCat("the leader waits at barrier \"", name, "\" already"));
    }
    barrier.leader = promise;
    barrier.begun = clock_.Now();
    barrier.deadline = barrier.begun + timeout;
    Look(name, *roster_->view(), endings);
  }
  // It may have ended by now, which its future knows.
  Future<void> awaited = promise.future();
  Tell(endings);
  return awaited;
}

Task<Outcomes<void>> Barriers::ArriveAsLeader(std::string name,
                                              absl::Duration timeout) {
  absl::StatusOr<Future<void>> wait = BeginWait(name, timeout);
  if (!wait.ok()) co_return Outcomes<void>(wait.status());
  absl::Status status = co_await *wait;
  Barrier barrier;
  {
    MutexLock lock(mutex_);
    auto& from = ended_.contains(name) ? ended_ : barriers_;
    barrier = std::move(from[name]);
    from.erase(name);
  }
  // Those who wait there are told if it was the leader who gave up.
  const absl::Status broken = absl::AbortedError(
      absl::StrCat("barrier \"", name, "\" is broken: ", status.message()));
  for (const auto& [rank, arrival] : barrier.arrived) {
    arrival.promise.Finish(broken);
  }
  co_return OutcomesOf(barrier, *roster_->view(), status);
}

Outcomes<void> Barriers::OutcomesOf(const Barrier& barrier, const View& view,
                                    const absl::Status& status) const {
  std::vector<RankResult<void>> results;
  for (const Member& member : view.members) {
    const auto found = barrier.arrived.find(member.rank);
    const bool arrived = found != barrier.arrived.end();
    results.push_back(ResultOf(
        member, arrived,
        arrived ? found->second.after : clock_.Now() - barrier.begun, status));
  }
  return Outcomes<void>(std::move(results));
}

// Ends the barrier if it is time.
void Barriers::Look(const std::string& name, const View& view,
                    std::vector<Ending>& endings) {
  const auto found = barriers_.find(name);
  std::optional<Ending> ending = EndOf(found->second, view);
  if (!ending.has_value()) return;
  endings.push_back(*std::move(ending));
  if (found->second.leader.has_value()) {
    ended_.insert_or_assign(name, std::move(found->second));
  }
  barriers_.erase(found);
}

std::optional<Barriers::Ending> Barriers::EndOf(const Barrier& barrier,
                                                const View& view) const {
  bool opens = barrier.leader.has_value();
  absl::Status broken;
  for (const Member& member : view.members) {
    const auto found = barrier.arrived.find(member.rank);
    const bool is_there =
        found != barrier.arrived.end() && !found->second.promise.ended();
    if (is_there && member.is_active()) continue;
    opens &= !MustArrive(member, view);
    if (MustArrive(member, view) && IsHopeless(member, view)) {
      broken = absl::AbortedError(
          absl::StrCat("rank ", member.rank, " will not come to the barrier"));
    }
  }
  if (!opens && broken.ok()) return std::nullopt;
  Ending ending;
  ending.status = opens ? absl::OkStatus() : broken;
  for (const auto& [rank, arrival] : barrier.arrived) {
    ending.promises.push_back(arrival.promise);
  }
  if (barrier.leader.has_value()) ending.promises.push_back(*barrier.leader);
  return ending;
}

void Barriers::OnChange(const View& view) {
  std::vector<Ending> endings;
  {
    MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, barrier] : barriers_) names.push_back(name);
    for (const std::string& name : names) Look(name, view, endings);
  }
  Tell(endings);
}

void Barriers::Tell(const std::vector<Ending>& endings) {
  for (const Ending& ending : endings) {
    for (const Promise& promise : ending.promises) {
      promise.Finish(ending.status);
    }
  }
}

std::map<std::string, Barriers::Awaited> Barriers::ListAwaited() const {
  const ViewPtr view = roster_->view();
  std::map<std::string, Awaited> list;
  MutexLock lock(mutex_);
  for (const auto& [name, barrier] : barriers_) {
    if (!barrier.leader.has_value()) continue;
    Awaited& awaited = list[name];
    awaited.begun = barrier.begun;
    awaited.deadline = barrier.deadline;
    for (const Member& member : view->members) {
      if (!barrier.arrived.contains(member.rank)) {
        awaited.ranks.push_back(member.rank);
      }
    }
  }
  return list;
}

}  // namespace am::cohort
