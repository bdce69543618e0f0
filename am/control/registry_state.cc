#include "am/control/registry_state.h"

#include <algorithm>
#include <memory>

namespace am::control {

RegistryState::RegistryState(const RegistryOptions& options,
                             std::uint64_t first_epoch, std::uint64_t seed)
    : options_(options),
      view_(options.max_changes),
      last_epoch_(first_epoch),
      resolver_(seed) {}

// -- Registering -------------------------------------------------------------

absl::StatusOr<Lease> RegistryState::Register(v1::Instance record,
                                              absl::Duration ttl,
                                              absl::Time now) {
  const absl::StatusOr<std::vector<RecordPtr>> others =
      Admit(view_, record, superseded_.contains(IdOf(record)), options_);
  if (!others.ok()) return others.status();
  for (const RecordPtr& other : *others) Supersede(other);
  const InstanceId id = IdOf(record);
  const std::uint64_t epoch = EpochFor(record);
  record.set_epoch(epoch);
  Entry& entry = entries_[id];
  entry.ttl = LeaseTime(ttl, options_);
  Extend(id, entry, now + entry.ttl);
  view_.Put(std::make_shared<const v1::Instance>(std::move(record)));
  return Lease{epoch, entry.ttl};
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
  resolver_.NoteOutstanding(id, outstanding, entry.ttl, now);
  Extend(id, entry, now + entry.ttl);
  return entry.ttl;
}

absl::Status RegistryState::Deregister(InstanceId id, std::uint64_t epoch) {
  const absl::StatusOr<RecordPtr> own = FindOwn(view_, id, epoch);
  if (!own.ok()) return own.status();
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

}  // namespace am::control
