#include "am/control/registry_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/registry_service.h"
#include "am/peer_info.h"

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
  using Address = decltype(PeerInfo::addresses)::value_type;
  const absl::StatusOr<Address> wanted =
      Address::Parse(absl::StrCat("tcp://", options.listen));
  if (!wanted.ok()) return wanted.status();
  if (!wanted->IsLocal() && !options.insecure_allow_remote) {
    return absl::PermissionDeniedError(
        absl::StrCat(options.listen,
                     " can be reached from other machines, by everybody and "
                     "in the clear; say so with insecure_allow_remote"));
  }
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
  std::string address = Address::Tcp(wanted->host(), port).ToString();
  address.erase(0, sizeof("tcp://") - 1);
  return std::unique_ptr<RegistryServer>(std::make_unique<GrpcRegistryServer>(
      std::move(service), std::move(server), std::move(address)));
}

}  // namespace am::control
