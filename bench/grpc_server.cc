#include "bench/grpc_server.h"

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/control_server.h"
#include "am/manager.h"
#include "bench/payload.h"
#include "bench/pinger.grpc.pb.h"
#include "bench/pinger_service.h"
#include "bench/socket_folder.h"

namespace am::bench {
namespace {

class PlainPinger final : public Pinger::CallbackService {
 public:
  grpc::ServerUnaryReactor* Ping(grpc::CallbackServerContext* context,
                                 const Data* request,
                                 google::protobuf::Empty*) override {
    return Finish(context, IsIntact(request->payload())
                               ? grpc::Status::OK
                               : grpc::Status(grpc::StatusCode::DATA_LOSS,
                                              "the payload differs"));
  }

  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const Data* request, Data* response) override {
    *response = *request;
    return Finish(context, grpc::Status::OK);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                          const grpc::Status& status) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }
};

class PlainServer final : public GrpcServer {
 public:
  explicit PlainServer(const Setting& setting) {
    const bool is_tcp = setting.scheme == "tcp";
    address_ = is_tcp ? "127.0.0.1" : absl::StrCat("unix:", folder_.socket());
    int port = 0;
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(-1);
    builder.AddListeningPort(is_tcp ? address_ + ":0" : address_,
                             grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&pinger_);
    server_ = builder.BuildAndStart();
    if (is_tcp) absl::StrAppend(&address_, ":", port);
  }

  bool serves() const { return server_ != nullptr; }
  std::string address() const override { return address_; }
  std::shared_ptr<grpc::Channel> InProcessChannel() override {
    return server_->InProcessChannel({});
  }

 private:
  const SocketFolder folder_;
  std::string address_;
  PlainPinger pinger_;
  std::unique_ptr<grpc::Server> server_;
};

class BridgeServer final : public Server {
 public:
  explicit BridgeServer(std::unique_ptr<Manager> manager)
      : manager_(std::move(manager)) {}

  absl::Status Start(bool handlers_later) {
    absl::Status done = handlers_later ? Serve() : manager_->Register(pinger_);
    if (!done.ok()) return done;
    return handlers_later ? manager_->Register(pinger_) : Serve();
  }

  std::string address() const override { return server_->address(); }

 private:
  absl::Status Serve() {
    absl::StatusOr<std::unique_ptr<control::ControlServer>> server =
        control::ControlServer::Make(*manager_);
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }

  PingerService pinger_;
  const std::unique_ptr<Manager> manager_;
  std::unique_ptr<control::ControlServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> MakePlainGrpcServer(
    const Setting& setting) {
  auto server = std::make_unique<PlainServer>(setting);
  if (!server->serves()) return absl::UnavailableError("gRPC cannot listen");
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> MakeBridgeServer(bool handlers_later) {
  absl::StatusOr<std::unique_ptr<Manager>> manager = Manager::Make();
  if (!manager.ok()) return manager.status();
  auto server = std::make_unique<BridgeServer>(*std::move(manager));
  absl::Status status = server->Start(handlers_later);
  if (!status.ok()) return status;
  return server;
}

}  // namespace am::bench
