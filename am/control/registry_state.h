// RegistryState: a registry in memory, by the rules of registry_rules.h.
//
//   RegistryState state({}, /*first_epoch=*/1, /*seed=*/random);
//   state.Register(record, ttl, now)     -> epoch and lease
//   state.KeepAlive(id, epoch, load, now)
//   state.Expire(now)                    -> when to come again
//   state.view()                         what is known, and what has changed
//
// It has no threads, clock or network: events and the time go in. One thread at
// a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/control/registry_rules.h"
#include "am/control/registry_view.h"
#include "am/control/resolver.h"

namespace am::control {

class RegistryState final {
 public:
  // The first epoch given is above `first_epoch`, which must grow with each
  // start of a registry, so that epochs do.
  RegistryState(const RegistryOptions& options, std::uint64_t first_epoch,
                std::uint64_t seed);

  // `ttl` zero: the default. A record with an epoch was registered before,
  // perhaps at an earlier start of the registry, and keeps it.
  absl::StatusOr<Lease> Register(v1::Instance record, absl::Duration ttl,
                                 absl::Time now);

  // Returns what is left of the lease from now on; zero: there is none.
  absl::Duration KeepAlive(InstanceId id, std::uint64_t epoch,
                           std::uint64_t outstanding, absl::Time now);

  absl::Status Deregister(InstanceId id, std::uint64_t epoch);

  absl::StatusOr<std::vector<RecordPtr>> Resolve(
      const v1::ResolveRequest& request, absl::Time now) {
    return resolver_.Resolve(view_, request, now);
  }

  // Removes those whose lease has ended. Returns when the next one does. To be
  // called more often than RegistryOptions::longest_pause.
  absl::Time Expire(absl::Time now);

  const RegistryView& view() const { return view_; }

 private:
  struct Entry {
    absl::Duration ttl;
    absl::Time end;
  };

  void Supersede(const RecordPtr& record);
  std::uint64_t EpochFor(const v1::Instance& record);
  void Extend(InstanceId id, Entry& entry, absl::Time end);
  void Drop(InstanceId id, v1::Removal::Reason reason);

  const RegistryOptions options_;
  RegistryView view_;
  std::uint64_t last_epoch_;
  Resolver resolver_;
  std::map<InstanceId, Entry> entries_;  // of those in the view
  std::set<std::pair<absl::Time, InstanceId>> ends_;
  std::set<InstanceId> superseded_;
  std::deque<InstanceId> superseded_order_;  // oldest first
  absl::Time last_seen_ = absl::InfiniteFuture();
  absl::Time awake_since_ = absl::InfinitePast();
};

}  // namespace am::control
