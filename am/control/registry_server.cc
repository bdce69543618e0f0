#include "am/control/registry_server.h"

#include <utility>

#include "am/control/registry_service.h"
#include "am/manager.h"
#include "am/no_transport.h"

namespace am::control {
namespace {

class ManagedRegistryServer final : public RegistryServer {
 public:
  ManagedRegistryServer(std::unique_ptr<Manager> manager,
                        std::unique_ptr<ControlServer> server)
      : manager_(std::move(manager)), server_(std::move(server)) {}

  const std::string& address() const override { return server_->address(); }

 private:
  const std::unique_ptr<Manager> manager_;
  const std::unique_ptr<ControlServer> server_;
};

absl::StatusOr<std::unique_ptr<Manager>> MakeManager(
    const RegistryServer::Options& options) {
  ManagerOptions manager;
  manager.name = "registry";
  manager.log = options.log;
  manager.transport = MakeNoTransport();
  return Manager::Make(std::move(manager));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RegistryServer>> RegistryServer::Start(
    const Options& options) {
  absl::StatusOr<std::unique_ptr<Manager>> manager = MakeManager(options);
  if (!manager.ok()) return manager.status();
  ControlServerOptions control = options.control;
  if (control.registry == nullptr) {
    control.registry = RegistryService::Make(options.rules);
  }
  absl::StatusOr<std::unique_ptr<ControlServer>> server =
      ControlServer::Make(**manager, control);
  if (!server.ok()) return server.status();
  return std::make_unique<ManagedRegistryServer>(*std::move(manager),
                                                 *std::move(server));
}

}  // namespace am::control
