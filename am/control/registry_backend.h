// RegistryBackend: what keeps a registry's knowledge, and makes its rules hold
// (am/control/registry_rules.h): memory, or etcd.
//
// Threads: any. Nothing blocks. Each callback runs once, perhaps before the
// call returns, on any thread, with no lock held; it must be quick. The
// destructor runs those that are left, with UNAVAILABLE.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "am/control/registry_rules.h"
#include "am/control/registry_view.h"
#include "am/control/view_watchers.h"

namespace am::control {

class RegistryBackend {
 public:
  using OnLease = std::function<void(absl::StatusOr<Lease>)>;
  // What is left; zero: there is no such lease.
  using OnKept = std::function<void(absl::StatusOr<absl::Duration>)>;
  using OnEnd = std::function<void(absl::Status)>;

  virtual ~RegistryBackend() = default;

  // As the service's methods, with their codes. UNAVAILABLE: what keeps the
  // knowledge cannot be reached.
  virtual void Register(v1::Instance record, absl::Duration ttl,
                        OnLease on_done) = 0;
  virtual void KeepAlive(const v1::KeepAliveRequest& request,
                         OnKept on_done) = 0;
  virtual void Deregister(InstanceId id, std::uint64_t epoch,
                          OnEnd on_done) = 0;
  virtual absl::StatusOr<std::vector<RecordPtr>> Resolve(
      const v1::ResolveRequest& request) = 0;

  // Runs `read` with what is known, alone. A register or deregister that has
  // ended well is in it.
  virtual void Read(absl::FunctionRef<void(const RegistryView& view)> read) = 0;

  // Of the view: revisions of two generations cannot be compared. Changes only
  // while status() is not OK.
  virtual std::uint64_t generation() const = 0;

  // UNAVAILABLE: what the view has may be out of date. All watchers are told
  // when that begins.
  virtual absl::Status status() const = 0;
  // As RegistryService's.
  virtual void OnStatusChange(std::function<void()> listener) = 0;

  virtual ViewWatchers& watchers() = 0;
};

// With all in memory; see RegistryState. It has a thread, which ends leases.
std::unique_ptr<RegistryBackend> MakeMemoryBackend(
    const RegistryOptions& options);

}  // namespace am::control
