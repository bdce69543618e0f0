// RegistryServer: a registry with a gRPC server of its own, for am_registry,
// for tests, and for any process that wants one.
//
//   absl::StatusOr<std::unique_ptr<RegistryServer>> registry =
//       RegistryServer::Start({.listen = "127.0.0.1:0"});
//   (*registry)->address()    // "127.0.0.1:41234"
//
// Destroying it ends all its streams and forgets all instances; they register
// again with its successor. Threads: any.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/control/registry_state.h"

namespace am::control {

class RegistryServer {
 public:
  // Every member has an initialiser, so that {.listen = "x"} warns of nothing.
  struct Options {
    // A host and a port; port 0 takes a free one.
    std::string listen = "127.0.0.1:0";
    // Others than loopback, in the clear and open to everybody.
    bool insecure_allow_remote = false;
    RegistryOptions rules = {};
  };

  // INVALID_ARGUMENT: not an address. PERMISSION_DENIED: it is not loopback,
  // without the option for it. UNAVAILABLE: somebody listens there.
  static absl::StatusOr<std::unique_ptr<RegistryServer>> Start(
      const Options& options);

  virtual ~RegistryServer() = default;

  // With the real port.
  virtual const std::string& address() const = 0;
};

}  // namespace am::control
