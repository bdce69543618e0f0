// RegistryServer: a process that is a registry and nothing else, for
// am_registry and for tests.
//
//   absl::StatusOr<std::unique_ptr<RegistryServer>> registry =
//       RegistryServer::Start({.control = {.listen = "127.0.0.1:0"}});
//   (*registry)->address()    // "127.0.0.1:41234"
//
// It is a manager without a data plane, and its control server, which serves
// the registry beside reflection, health and the rest
// (am/control/control_server.h). A process that has a control server already
// needs no other: ControlServerOptions::registry.
//
// Destroying it ends all its streams. What it knew in memory is forgotten;
// instances register again with its successor. Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/control/control_server.h"
#include "am/control/registry_state.h"

namespace am::control {

class RegistryServer {
 public:
  // Every member has an initialiser, so that {.rules = x} warns of nothing.
  struct Options {
    // Without a registry: one that has all in memory, under `rules`.
    ControlServerOptions control = {};
    RegistryOptions rules = {};

    // As ManagerOptions::log.
    std::function<void(absl::string_view)> log = {};
  };

  // Fails as ControlServer::Make.
  static absl::StatusOr<std::unique_ptr<RegistryServer>> Start(
      const Options& options);

  virtual ~RegistryServer() = default;

  // With the real port.
  virtual const std::string& address() const = 0;
};

}  // namespace am::control
