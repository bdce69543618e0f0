#include "am/control/registry_state.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "am/handler_id.h"

namespace am::control {
namespace {

std::string Describe(const v1::Instance& record) {
  return absl::StrCat(
      IdOf(record).ToString(),
      record.peer().name().empty() ? "" : " (" + record.peer().name() + ")",
      record.peer().addresses().empty() ? ""
                                        : " at " + record.peer().addresses(0));
}

absl::Status NoSuchInstance(InstanceId id) {
  return absl::NotFoundError(
      absl::StrCat("no instance ", id.ToString(), " is registered"));
}

}  // namespace

RegistryState::RegistryState(const RegistryOptions& options,
                             std::uint64_t first_epoch, std::uint64_t seed)
    : options_(options),
      view_(options.max_changes),
      last_epoch_(first_epoch),
      random_(seed) {}

// -- Registering -------------------------------------------------------------

absl::StatusOr<Lease> RegistryState::Register(v1::Instance record,
                                              absl::Duration ttl,
                                              absl::Time now) {
  absl::Status checked = CheckRecord(record, options_.max_record_bytes);
  if (!checked.ok()) return checked;
  const std::vector<RecordPtr> same_place = OthersAt(record);
  checked = CheckFenced(record, same_place);
  if (checked.ok()) checked = CheckName(record, same_place);
  if (!checked.ok()) return checked;
  const InstanceId id = IdOf(record);
  if (!entries_.contains(id) &&
      entries_.size() >= options_.max_instances + same_place.size()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the registry is full: ", entries_.size(), " instances"));
  }
  for (const RecordPtr& other : same_place) Supersede(other);
  const std::uint64_t epoch = EpochFor(record);
  record.set_epoch(epoch);
  Entry& entry = entries_[id];
  entry.ttl = Clamp(ttl);
  Extend(id, entry, now + entry.ttl);
  view_.Put(std::make_shared<const v1::Instance>(std::move(record)));
  return Lease{epoch, entry.ttl};
}

// Those that cannot be alive if this one listens where it says.
std::vector<RecordPtr> RegistryState::OthersAt(
    const v1::Instance& record) const {
  std::vector<RecordPtr> others;
  for (const std::string& endpoint : EndpointsOf(record)) {
    RecordPtr other = view_.FindByEndpoint(endpoint);
    if (other == nullptr || IdOf(*other) == IdOf(record)) continue;
    if (std::find(others.begin(), others.end(), other) == others.end()) {
      others.push_back(std::move(other));
    }
  }
  return others;
}

absl::Status RegistryState::CheckFenced(
    const v1::Instance& record,
    const std::vector<RecordPtr>& same_place) const {
  if (superseded_.contains(IdOf(record))) {
    return absl::FailedPreconditionError(
        absl::StrCat("instance ", Describe(record),
                     " has been superseded by a later one at its address"));
  }
  for (const RecordPtr& other : same_place) {
    // This one comes back to a registry that has forgotten it.
    if (record.epoch() != 0 && record.epoch() < other->epoch()) {
      return absl::FailedPreconditionError(
          absl::StrCat("instance ", Describe(record),
                       " has been superseded by ", Describe(*other)));
    }
  }
  return absl::OkStatus();
}

absl::Status RegistryState::CheckName(
    const v1::Instance& record,
    const std::vector<RecordPtr>& same_place) const {
  const RecordPtr owner = view_.FindByName(record.peer().name());
  if (owner == nullptr || IdOf(*owner) == IdOf(record) ||
      std::count(same_place.begin(), same_place.end(), owner) > 0) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("the name \"", record.peer().name(),
                   "\" is taken by live instance ", Describe(*owner)));
}

void RegistryState::Supersede(const RecordPtr& record) {
  const InstanceId id = IdOf(*record);
  Drop(id, v1::Removal::SUPERSEDED);
  superseded_.insert(id);
  superseded_order_.push_back(id);
  if (superseded_order_.size() > options_.max_superseded) {
    superseded_.erase(superseded_order_.front());
    superseded_order_.pop_front();
  }
}

std::uint64_t RegistryState::EpochFor(const v1::Instance& record) {
  const RecordPtr before = view_.Find(IdOf(record));
  if (before != nullptr) return before->epoch();
  if (record.epoch() == 0) return ++last_epoch_;
  last_epoch_ = std::max(last_epoch_, record.epoch());
  return record.epoch();
}

// -- Leases ------------------------------------------------------------------

absl::Duration RegistryState::Clamp(absl::Duration ttl) const {
  if (ttl <= absl::ZeroDuration()) return options_.default_ttl;
  return std::clamp(ttl, options_.min_ttl, options_.max_ttl);
}

void RegistryState::Extend(InstanceId id, Entry& entry, absl::Time end) {
  ends_.erase({entry.end, id});
  entry.end = end;
  ends_.emplace(end, id);
}

void RegistryState::Drop(InstanceId id, v1::Removal::Reason reason) {
  const auto place = entries_.find(id);
  ends_.erase({place->second.end, id});
  entries_.erase(place);
  view_.Remove(id, reason);
}

absl::Duration RegistryState::KeepAlive(InstanceId id, std::uint64_t epoch,
                                        std::uint64_t outstanding,
                                        absl::Time now) {
  const auto place = entries_.find(id);
  if (place == entries_.end() || view_.Find(id)->epoch() != epoch) {
    return absl::ZeroDuration();
  }
  Entry& entry = place->second;
  entry.outstanding = outstanding;
  Extend(id, entry, now + entry.ttl);
  return entry.ttl;
}

absl::Status RegistryState::Deregister(InstanceId id, std::uint64_t epoch) {
  const RecordPtr record = view_.Find(id);
  if (record == nullptr) return NoSuchInstance(id);
  if (record->epoch() != epoch) {
    return absl::FailedPreconditionError(
        absl::StrCat("instance ", id.ToString(), " has epoch ", record->epoch(),
                     ", not ", epoch));
  }
  Drop(id, v1::Removal::DEREGISTERED);
  return absl::OkStatus();
}

absl::Time RegistryState::Expire(absl::Time now) {
  if (now - last_seen_ > options_.longest_pause) awake_since_ = now;
  last_seen_ = now;
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const InstanceId id = ends_.begin()->second;
    Entry& entry = entries_.at(id);
    const absl::Time end = awake_since_ + entry.ttl;
    if (end > now) {
      Extend(id, entry, end);
    } else {
      Drop(id, v1::Removal::EXPIRED);
    }
  }
  return ends_.empty() ? absl::InfiniteFuture() : ends_.begin()->first;
}

// -- Resolving ---------------------------------------------------------------

absl::StatusOr<std::vector<RecordPtr>> RegistryState::Resolve(
    const v1::ResolveRequest& request) {
  const std::string handler = FullHandlerName(request.handler_name());
  if (!IsHandlerName(handler)) {
    return absl::InvalidArgumentError(
        absl::StrCat("handler_name: \"", request.handler_name(),
                     "\" is not a handler's name"));
  }
  if (request.choice() == v1::ResolveRequest::INSTANCE && request.id() == 0) {
    return absl::InvalidArgumentError("choice INSTANCE needs an id");
  }
  if (request.choice() == v1::ResolveRequest::LABEL &&
      request.labels().empty()) {
    return absl::InvalidArgumentError("choice LABEL needs labels");
  }
  if (request.limit() < 0) return absl::InvalidArgumentError("limit < 0");
  std::vector<RecordPtr> candidates = Candidates(request, handler);
  if (candidates.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no serving instance that is asked for has ", handler));
  }
  Arrange(handler, request.choice(), candidates);
  const auto limit = static_cast<std::size_t>(std::max(request.limit(), 1));
  if (candidates.size() > limit) candidates.resize(limit);
  return candidates;
}

std::vector<RecordPtr> RegistryState::Candidates(
    const v1::ResolveRequest& request, const std::string& handler) const {
  v1::InstanceFilter filter;
  if (request.choice() == v1::ResolveRequest::LABEL) {
    *filter.mutable_labels() = request.labels();
  }
  std::vector<RecordPtr> candidates = view_.WithHandler(handler);
  std::erase_if(candidates, [&](const RecordPtr& record) {
    return record->state() == v1::Instance::DRAINING ||
           (request.choice() == v1::ResolveRequest::INSTANCE &&
            record->peer().id() != request.id()) ||
           !Matches(filter, *record);
  });
  return candidates;
}

void RegistryState::Arrange(const std::string& handler,
                            v1::ResolveRequest::Choice choice,
                            std::vector<RecordPtr>& candidates) {
  if (choice == v1::ResolveRequest::ROUND_ROBIN) {
    const std::size_t turn = turns_[handler]++ % candidates.size();
    std::rotate(candidates.begin(),
                candidates.begin() + static_cast<std::ptrdiff_t>(turn),
                candidates.end());
    return;
  }
  std::shuffle(candidates.begin(), candidates.end(), random_);
  if (choice == v1::ResolveRequest::LEAST_OUTSTANDING) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [this](const RecordPtr& a, const RecordPtr& b) {
                       return entries_.at(IdOf(*a)).outstanding <
                              entries_.at(IdOf(*b)).outstanding;
                     });
  }
}

}  // namespace am::control
