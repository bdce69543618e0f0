#include "am/cohort/membership.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace am::cohort {
namespace {

std::string Name(const Member& member) {
  return absl::StrCat("rank ", member.rank, " (", WhereIs(member.peer), ")");
}

}  // namespace

Membership::Membership(const CohortOptions& options, std::uint64_t id)
    : size_(options.size),
      policy_(options.failure_policy),
      heartbeat_timeout_(options.heartbeat_timeout),
      replacement_timeout_(options.replacement_timeout) {
  view_.name = options.name;
  view_.id = id;
  MemberAt(size_.min - 1);
}

// The place of a rank, which is made if need be.
Member& Membership::MemberAt(int rank) {
  while (view_.size() <= rank) {
    Member& member = view_.members.emplace_back();
    member.rank = view_.size() - 1;
    heard_.push_back(absl::InfinitePast());
  }
  return view_.members[static_cast<std::size_t>(rank)];
}

Member* Membership::FindActive(InstanceId instance) {
  return const_cast<Member*>(view_.FindActive(instance));
}

// -- Joining -----------------------------------------------------------------

absl::Status Membership::CheckCohort(const Application& application) const {
  if (!application.cohort.empty() && application.cohort != view_.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("this is cohort \"", view_.name, "\", not \"",
                     application.cohort, "\""));
  }
  if (application.cohort_id != 0 && application.cohort_id != view_.id) {
    return absl::FailedPreconditionError(
        absl::StrCat("this is another cohort \"", view_.name,
                     "\" than the one before, which ended with its leader"));
  }
  if (view_.is_over()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cohort \"", view_.name,
                     "\" takes nobody any more: ", view_.why.ToString()));
  }
  return absl::OkStatus();
}

// The first one decides whether workers bring ranks.
absl::Status Membership::CheckRank(const Application& application) {
  const bool has_rank = application.rank.has_value();
  const bool nobody_yet =
      view_.phase == v1::CohortState::FORMING && view_.active() == 0;
  if (!nobody_yet && has_rank != view_.ranked) {
    return absl::InvalidArgumentError(
        view_.ranked ? "all workers of this cohort bring a rank; this one does "
                       "not"
                     : "no worker of this cohort brings a rank; this one does");
  }
  if (has_rank && (*application.rank < 0 || *application.rank >= size_.max)) {
    return absl::OutOfRangeError(absl::StrCat(
        "there is no rank ", *application.rank, " in 0..", size_.max - 1));
  }
  if (nobody_yet) view_.ranked = has_rank;
  return absl::OkStatus();
}

absl::StatusOr<int> Membership::Place(const Application& application) const {
  if (!application.rank.has_value()) {
    for (const Member& member : view_.members) {
      const bool had_it = member.peer.id == application.peer.id;
      if (had_it && !member.is_active()) return member.rank;
    }
    const std::vector<int> missing = view_.Missing();
    if (!missing.empty()) return missing.front();
    if (view_.size() < size_.max) return view_.size();
    return absl::ResourceExhaustedError(absl::StrCat(
        "the cohort is full (", view_.active(), "/", size_.max, " workers)"));
  }
  const Member* const holder = view_.Find(*application.rank);
  if (holder == nullptr || holder->peer.id == application.peer.id) {
    return *application.rank;
  }
  if (application.cohort_id != 0 && application.epoch < holder->joined_epoch) {
    return absl::AbortedError(absl::StrCat(
        Name(*holder), " has had the place since epoch ", holder->joined_epoch,
        "; this is of epoch ", application.epoch));
  }
  if (holder->is_active()) {
    return absl::AlreadyExistsError(absl::StrCat(Name(*holder), " has it"));
  }
  return *application.rank;
}

absl::StatusOr<int> Membership::Join(const Application& application,
                                     absl::Time now) {
  absl::Status checked = CheckCohort(application);
  if (!checked.ok()) return checked;
  if (const Member* const has = view_.FindActive(application.peer.id)) {
    if (application.rank.value_or(has->rank) == has->rank) return has->rank;
    return absl::AlreadyExistsError(
        absl::StrCat("this instance is ", Name(*has), " already"));
  }
  checked = CheckRank(application);
  if (!checked.ok()) return checked;
  const absl::StatusOr<int> place = Place(application);
  if (!place.ok()) return place;
  Member& member = MemberAt(*place);
  member.state = MemberState::kActive;
  member.peer = application.peer;
  member.labels = application.labels;
  member.joined_epoch = view_.epoch + 1;
  member.why = absl::OkStatus();
  heard_[static_cast<std::size_t>(*place)] = now;
  Change(now);
  return *place;
}

// -- Going -------------------------------------------------------------------

bool Membership::Leave(InstanceId instance, absl::Time now) {
  Member* const member = FindActive(instance);
  if (member == nullptr) return false;
  member->state = MemberState::kLeft;
  // Elastic cohorts shrink from their end: the ranks of all others stay.
  while (view_.size() > size_.min &&
         view_.members.back().state == MemberState::kLeft) {
    view_.members.pop_back();
    heard_.pop_back();
  }
  Change(now);
  return true;
}

bool Membership::Lose(InstanceId instance, const absl::Status& why,
                      absl::Time now) {
  Member* const member = FindActive(instance);
  if (member == nullptr) return false;
  member->state = MemberState::kLost;
  member->why = why;
  Change(now, absl::UnavailableError(
                  absl::StrCat(Name(*member), " was lost: ", why.message())));
  return true;
}

void Membership::Hear(InstanceId instance, absl::Time now) {
  const Member* const member = view_.FindActive(instance);
  if (member == nullptr) return;
  absl::Time& heard = heard_[static_cast<std::size_t>(member->rank)];
  heard = std::max(heard, now);
}

absl::Time Membership::last_heard(int rank) const {
  if (view_.Find(rank) == nullptr) return absl::InfinitePast();
  return heard_[static_cast<std::size_t>(rank)];
}

void Membership::OnTick(absl::Time now) {
  std::vector<InstanceId> silent;
  for (const Member& member : view_.members) {
    if (member.is_active() &&
        last_heard(member.rank) + heartbeat_timeout_ < now)
      silent.push_back(member.peer.id);
  }
  for (const InstanceId instance : silent) {
    Lose(instance, absl::UnavailableError("no sign of life"), now);
  }
  if (now < replace_by_) return;
  BeginEnd(absl::DeadlineExceededError(
      absl::StrCat("no replacement came in time; ", view_.why.message())));
  Change(now);
}

// -- Phases ------------------------------------------------------------------

bool Membership::IsWhole() const {
  return view_.active() == view_.size() && view_.size() >= size_.min;
}

void Membership::Change(absl::Time now, const absl::Status& failure) {
  ++view_.epoch;
  Review(now, failure);
}

void Membership::Review(absl::Time now, const absl::Status& failure) {
  if (view_.phase == v1::CohortState::ENDING) {
    if (view_.active() == 0) view_.phase = v1::CohortState::ENDED;
  } else if (view_.is_over()) {
    return;
  } else if (IsWhole()) {
    view_.phase = v1::CohortState::RUNNING;
    view_.why = absl::OkStatus();
    replace_by_ = absl::InfiniteFuture();
  } else if (view_.phase == v1::CohortState::FORMING) {
    return;
  } else if (view_.active() >= size_.min) {
    Apply(FailurePolicy::kContinueDegraded, now, failure);
  } else if (!failure.ok()) {
    Apply(policy_, now, failure);
  } else if (view_.phase == v1::CohortState::RUNNING) {
    // Somebody left in order, which ends nothing.
    Apply(policy_ == FailurePolicy::kWaitForReplacement
              ? policy_
              : FailurePolicy::kContinueDegraded,
          now, absl::UnavailableError("a worker has left"));
  }
}

void Membership::Apply(FailurePolicy policy, absl::Time now,
                       const absl::Status& why) {
  switch (policy) {
    case FailurePolicy::kTerminateAll:
      return BeginEnd(why);
    case FailurePolicy::kContinueDegraded:
      view_.phase = v1::CohortState::DEGRADED;
      replace_by_ = absl::InfiniteFuture();
      break;
    case FailurePolicy::kWaitForReplacement:
      view_.phase = v1::CohortState::WAITING;
      replace_by_ = std::min(replace_by_, now + replacement_timeout_);
      break;
    case FailurePolicy::kFailFast:
      view_.phase = v1::CohortState::FAILED;
      break;
  }
  if (!why.ok()) view_.why = why;
}

void Membership::BeginEnd(const absl::Status& why) {
  view_.phase =
      view_.active() == 0 ? v1::CohortState::ENDED : v1::CohortState::ENDING;
  view_.why = why;
  replace_by_ = absl::InfiniteFuture();
}

bool Membership::End(const absl::Status& why, absl::Time now) {
  if (view_.phase >= v1::CohortState::ENDING) return false;
  BeginEnd(why);
  Change(now);
  return true;
}

void Membership::Close(const absl::Status& why) {
  if (view_.has_ended()) return;
  for (Member& member : view_.members) {
    if (!member.is_active()) continue;
    member.state = MemberState::kLost;
    member.why = why;
  }
  BeginEnd(view_.why.ok() ? why : view_.why);
  ++view_.epoch;
}

absl::Status Membership::Check(InstanceId instance, std::uint64_t id,
                               std::uint64_t epoch) {
  const Member* const member = view_.FindActive(instance);
  if (member != nullptr && id == view_.id && epoch >= member->joined_epoch) {
    return absl::OkStatus();
  }
  ++stale_refused_;
  return absl::FailedPreconditionError(absl::StrCat(
      "instance ", instance.ToString(), " has no place in cohort \"",
      view_.name, "\" as of epoch ", epoch, "; now it is ", view_.epoch));
}

}  // namespace am::cohort
