// RegistryService: am.v1.Registry (proto/am/v1/registry.proto), for whoever
// serves gRPC.
//
//   ControlServer::Make(*manager,
//                       {.registry = am::control::RegistryService::Make()});
//
// What it knows is kept by its backend: memory, or etcd
// (am/control/etcd/etcd_backend.h).
//
// Threads: gRPC's, and its backend's. It must outlive the server it was added
// to. Streams end when the server shuts down, and with UNAVAILABLE when the
// backend loses touch with what it keeps.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "am/control/registry_rules.h"

namespace grpc {
class Service;
}

namespace am::control {

class RegistryBackend;

class RegistryService {
 public:
  // With all in memory.
  static std::unique_ptr<RegistryService> Make(
      const RegistryOptions& options = {});
  static std::unique_ptr<RegistryService> Make(
      std::unique_ptr<RegistryBackend> backend);

  virtual ~RegistryService() = default;

  virtual grpc::Service& grpc_service() = 0;

  // OK, or why what it knows may be out of date: then nobody can register.
  virtual absl::Status status() const = 0;

  // `listener` is told of each change of status(), on any thread; null: nobody
  // is, and nobody is being told any more when this returns.
  virtual void OnStatusChange(std::function<void()> listener) = 0;
};

}  // namespace am::control
