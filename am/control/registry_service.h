// RegistryService: am.v1.Registry (proto/am/v1/registry.proto), with all that
// it knows in memory.
//
//   auto registry = am::control::RegistryService::Make();
//   builder.RegisterService(&registry->grpc_service());
//
// It must outlive the server it was added to. Threads: gRPC's, and one of its
// own that ends leases. Streams end when the server shuts down.
#pragma once

#include <memory>

#include "am/control/registry_state.h"

namespace grpc {
class Service;
}

namespace am::control {

class RegistryService {
 public:
  static std::unique_ptr<RegistryService> Make(
      const RegistryOptions& options = {});

  virtual ~RegistryService() = default;

  virtual grpc::Service& grpc_service() = 0;
};

}  // namespace am::control
