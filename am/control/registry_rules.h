// The rules of am.v1.Registry (proto/am/v1/registry.proto says them): who may
// be known, for how long, and who has to give way to whom.
//
// Pure functions. Threads: any, as far as the view has them.
#pragma once

#include <cstddef>
#include <cstdint>
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

// What a lease lasts that is asked for.
absl::Duration LeaseTime(absl::Duration asked, const RegistryOptions& options);

// Whom the instance supersedes if it is registered now: those that cannot be
// alive if it listens where it says. Or why it is refused; `was_superseded`
// says that it has been itself.
absl::StatusOr<std::vector<RecordPtr>> Admit(const RegistryView& view,
                                             const v1::Instance& record,
                                             bool was_superseded,
                                             const RegistryOptions& options);

// The record of an instance that may deregister with this epoch, or why not.
absl::StatusOr<RecordPtr> FindOwn(const RegistryView& view, InstanceId id,
                                  std::uint64_t epoch);

absl::Status NoSuchInstance(InstanceId id);

}  // namespace am::control
