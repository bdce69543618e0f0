#include "am/control/control_server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/control/bridge.h"
#include "am/control/call_header.h"
#include "am/control/health.h"
#include "am/control/listen_address.h"
#include "am/control/reflection.h"
#include "am/control/registry_service.h"
#include "am/control/tls_identity.h"
#include "am/node.h"

namespace am::control {
namespace {

using grpc::health::v1::HealthCheckResponse;

// Room for a message's metadata, and for gRPC's framing of a payload.
constexpr std::size_t kMessageSlack = 1024;

// Not a service, but a name under which health tells of TLS.
constexpr absl::string_view kTls = "am.control.Tls";

constexpr absl::string_view kRegistry = "am.v1.Registry";

const char* const kServices[] = {"grpc.health.v1.Health",
                                 "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection"};

// Any of them: a part of them is a mistake, and no reason for plaintext.
bool UsesTls(const ControlServerOptions& options) {
  const TlsFiles& files = options.tls;
  return !files.certificate.empty() || !files.key.empty() ||
         !files.client_ca.empty();
}

std::vector<std::string> OwnServices(const ControlServerOptions& options) {
  std::vector<std::string> services(std::begin(kServices), std::end(kServices));
  if (options.channelz) services.push_back("grpc.channelz.v1.Channelz");
  if (options.registry != nullptr) services.emplace_back(kRegistry);
  return services;
}

// What others are told; empty: nothing that they could reach.
std::string Advertised(const ControlServerOptions& options,
                       const std::string& address) {
  if (!options.advertise.empty()) return options.advertise;
  return IsWildcard(address) ? "" : address;
}

class GrpcControlServer final : public ControlServer {
 public:
  GrpcControlServer(Manager& manager, const ControlServerOptions& options)
      : manager_(manager),
        node_(manager.node()),
        services_(OwnServices(options)),
        registry_(options.registry),
        bridge_(node_),
        health_([this](const std::string& name) { return StatusOf(name); }),
        reflection_v1_(MakeReflectionV1([this] { return Describe(); })),
        reflection_v1alpha_(
            MakeReflectionV1Alpha([this] { return Describe(); })) {}

  ~GrpcControlServer() override {
    if (server_ == nullptr) return;
    manager_.SetControlAddress("");
    if (registry_ != nullptr) registry_->OnStatusChange(nullptr);
    node_.handlers().RemoveListener(handler_listener_);
    node_.RemoveDrainListener(drain_listener_);
    // What still runs is cancelled, and answered so.
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  absl::Status Start(const ControlServerOptions& options) {
    absl::Status identified = Identify(options);
    if (!identified.ok()) return identified;
    if (options.channelz) grpc::channelz::experimental::InitChannelzService();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options.listen,
                             identity_ == nullptr
                                 ? grpc::InsecureServerCredentials()
                                 : identity_->credentials(),
                             &port);
    AddServices(builder);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      server_ = nullptr;
      return absl::UnavailableError(absl::StrCat(
          "cannot listen on ", options.listen, "; does another server?"));
    }
    address_ = WithPort(options.listen, port);
    handler_listener_ = node_.handlers().AddListener(
        [this](const HandlerEvent&) { health_.Update(); });
    drain_listener_ = node_.AddDrainListener([this] { health_.Update(); });
    if (registry_ != nullptr) {
      registry_->OnStatusChange([this] { health_.Update(); });
    }
    manager_.SetControlAddress(Advertised(options, address_));
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }

 private:
  void AddServices(grpc::ServerBuilder& builder) {
    // Otherwise two servers would share a port, and each get some calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(
        static_cast<int>(node_.max_message_bytes() + kMessageSlack));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
    bridge_.AddTo(builder);
    builder.RegisterService(&health_);
    builder.RegisterService(reflection_v1_.get());
    builder.RegisterService(reflection_v1alpha_.get());
    if (registry_ != nullptr) {
      builder.RegisterService(&registry_->grpc_service());
    }
  }

  absl::Status Identify(const ControlServerOptions& options) {
    if (!UsesTls(options)) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<TlsIdentity>> made = TlsIdentity::Make(
        options.tls, node_.log(), [this] { health_.Update(); });
    if (made.ok()) identity_ = *std::move(made);
    return made.status();
  }

  Schema Describe() const {
    std::vector<MethodSpec> specs;
    const auto handlers = node_.handlers().List();
    for (const auto& handler : handlers) specs.push_back(handler->spec());
    return Schema(specs, services_);
  }

  HealthCheckResponse::ServingStatus StatusOf(const std::string& name) const {
    if (identity_ != nullptr && name == kTls) {
      return identity_->status().ok() ? HealthCheckResponse::SERVING
                                      : HealthCheckResponse::NOT_SERVING;
    }
    const auto handlers = node_.handlers().List();
    const bool is_known =
        name.empty() ||
        std::find(services_.begin(), services_.end(), name) !=
            services_.end() ||
        std::any_of(handlers.begin(), handlers.end(), [&](const auto& handler) {
          return absl::StartsWith(handler->spec().name,
                                  absl::StrCat(name, "/"));
        });
    if (!is_known) return HealthCheckResponse::SERVICE_UNKNOWN;
    if (registry_ != nullptr && name == kRegistry &&
        !registry_->status().ok()) {
      return HealthCheckResponse::NOT_SERVING;
    }
    return node_.is_draining() ? HealthCheckResponse::NOT_SERVING
                               : HealthCheckResponse::SERVING;
  }

  Manager& manager_;
  Node& node_;
  const std::vector<std::string> services_;
  const std::shared_ptr<RegistryService> registry_;  // may be null
  Bridge bridge_;
  Health health_;
  const std::unique_ptr<grpc::Service> reflection_v1_;
  const std::unique_ptr<grpc::Service> reflection_v1alpha_;
  std::unique_ptr<TlsIdentity> identity_;  // null: plaintext
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  int handler_listener_ = 0;
  int drain_listener_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Make(
    Manager& manager, const ControlServerOptions& options) {
  absl::Status checked = CheckListen(
      options.listen,
      UsesTls(options) || options.insecure_allow_plaintext_off_loopback,
      "insecure_allow_plaintext_off_loopback, or TLS,");
  if (!checked.ok()) return checked;
  if (!options.advertise.empty()) checked = CheckAdvertised(options.advertise);
  if (!checked.ok()) return checked;
  auto server = std::make_unique<GrpcControlServer>(manager, options);
  absl::Status started = server->Start(options);
  if (!started.ok()) return started;
  return server;
}

}  // namespace am::control
