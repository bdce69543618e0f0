// RegistryState: the rules of am.v1.Registry (proto/am/v1/registry.proto says
// them): who may be known, for how long, and who has to give way to whom.
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

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/control/registry_view.h"

namespace am::control {

struct RegistryOptions {
  // Of leases; what an instance asks for is kept within the bounds.
  absl::Duration default_ttl = absl::Seconds(10);
  absl::Duration min_ttl = absl::Seconds(1);
  absl::Duration max_ttl = absl::Hours(1);

  std::size_t max_instances = 100'000;
  std::size_t max_record_bytes = 64 * 1024;

  // Changes remembered for watchers that come back, or are slow.
  std::size_t max_changes = 16 * 1024;

  // Superseded instances remembered, so that they stay out.
  std::size_t max_superseded = 16 * 1024;

  // If the registry did not run for longer than this, it starts all leases
  // anew: nobody could reach it meanwhile.
  absl::Duration longest_pause = absl::Seconds(2);
};

struct Lease {
  std::uint64_t epoch;
  absl::Duration ttl;
};

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
      const v1::ResolveRequest& request);

  // Removes those whose lease has ended. Returns when the next one does. To be
  // called more often than RegistryOptions::longest_pause.
  absl::Time Expire(absl::Time now);

  const RegistryView& view() const { return view_; }

 private:
  struct Entry {
    absl::Duration ttl;
    absl::Time end;
    std::uint64_t outstanding = 0;
  };

  absl::Status CheckFenced(const v1::Instance& record,
                           const std::vector<RecordPtr>& same_place) const;
  std::vector<RecordPtr> OthersAt(const v1::Instance& record) const;
  absl::Status CheckName(const v1::Instance& record,
                         const std::vector<RecordPtr>& same_place) const;
  void Supersede(const RecordPtr& record);
  std::uint64_t EpochFor(const v1::Instance& record);
  absl::Duration Clamp(absl::Duration ttl) const;
  void Extend(InstanceId id, Entry& entry, absl::Time end);
  void Drop(InstanceId id, v1::Removal::Reason reason);
  std::vector<RecordPtr> Candidates(const v1::ResolveRequest& request,
                                    const std::string& handler) const;
  void Arrange(const std::string& handler, v1::ResolveRequest::Choice choice,
               std::vector<RecordPtr>& candidates);

  const RegistryOptions options_;
  RegistryView view_;
  std::uint64_t last_epoch_;
  std::mt19937_64 random_;
  std::map<InstanceId, Entry> entries_;  // of those in the view
  std::set<std::pair<absl::Time, InstanceId>> ends_;
  std::set<InstanceId> superseded_;
  std::deque<InstanceId> superseded_order_;   // oldest first
  std::map<std::string, std::size_t> turns_;  // of round robin, by handler
  absl::Time last_seen_ = absl::InfiniteFuture();
  absl::Time awake_since_ = absl::InfinitePast();
};

}  // namespace am::control
