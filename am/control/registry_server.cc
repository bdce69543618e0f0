#include "am/control/registry_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/listen_address.h"
#include "am/control/registry_service.h"

namespace am::control {
namespace {

class GrpcRegistryServer final : public RegistryServer {
 public:
  GrpcRegistryServer(std::unique_ptr<RegistryService> service,
                     std::unique_ptr<grpc::Server> server, std::string address)
      : service_(std::move(service)),
        server_(std::move(server)),
        address_(std::move(address)) {}

  // Streams last for ever, so they are cut at once.
  ~GrpcRegistryServer() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  const std::string& address() const override { return address_; }

 private:
  const std::unique_ptr<RegistryService> service_;
  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RegistryServer>> RegistryServer::Start(
    const Options& options) {
  absl::Status checked = CheckListen(
      options.listen, options.insecure_allow_remote, "insecure_allow_remote");
  if (!checked.ok()) return checked;
  std::unique_ptr<RegistryService> service =
      RegistryService::Make(options.rules);
  grpc::ServerBuilder builder;
  int port = 0;
  // Two servers on one port would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&service->grpc_service());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options.listen, "; perhaps somebody else does"));
  }
  return std::unique_ptr<RegistryServer>(std::make_unique<GrpcRegistryServer>(
      std::move(service), std::move(server), WithPort(options.listen, port)));
}

}  // namespace am::control
