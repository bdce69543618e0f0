// A registry's backend that keeps all in etcd (its v3 API), so that several
// registries know the same instances, and none of them forgets.
//
//   absl::StatusOr<std::unique_ptr<RegistryBackend>> backend =
//       MakeEtcdBackend({.address = "127.0.0.1:2379"});
//   ControlServer::Make(*manager, {.registry = RegistryService::Make(
//                                      *std::move(backend))});
//
// Leases are etcd's, so instances live on while no registry does, and etcd
// itself begins all of them anew when it has been away. What an instance has
// outstanding is known to the registry alone that it says it to, since it would
// be a write and a change for all watchers with each KeepAlive.
//
// While etcd cannot be reached, nobody can register, watches end with
// UNAVAILABLE, and what was known can still be listed. A store that was wiped
// is a registry that has restarted: clients keep those they know until they
// have had the time to register again.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "am/control/etcd/etcd_options.h"
#include "am/control/registry_backend.h"

namespace am::control {

// Begins to connect. INVALID_ARGUMENT: the address is none, or the prefix is
// empty. PERMISSION_DENIED: plaintext off loopback.
absl::StatusOr<std::unique_ptr<RegistryBackend>> MakeEtcdBackend(
    const EtcdOptions& options);

}  // namespace am::control
