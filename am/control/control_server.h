// ControlServer: an instance's door for gRPC.
//
//   absl::StatusOr<std::unique_ptr<am::control::ControlServer>> server =
//       am::control::ControlServer::Make(*manager, {.listen = "127.0.0.1:0"});
//   // grpcurl -plaintext (*server)->address() list
//
// It serves, on one port:
//   * every handler of the manager as /package.Service/Method, those under bare
//     names as /am.v1.Handlers/<name>, from the moment they are registered
//     until they are deregistered;
//   * server reflection v1 and v1alpha, which knows them all;
//   * grpc.health.v1: "" and each service, NOT_SERVING once the manager drains;
//   * channelz v1, and am.v1.Registry, if asked for.
//
// The manager's record in its directory says where it listens, for as long as
// the server lives.
//
// A handler cannot tell a gRPC call from another message but by its sender,
// which is nobody unless it is an instance (CallOptions::plane): limits, order,
// deadlines, cancellation, metadata, statuses with their details, and counters
// are the same. RESPONSE answers its value; ACK answers google.protobuf.Empty
// once the handler has run, NO_RETURN once the message is accepted. Where a
// handler has raw bytes, google.protobuf.BytesValue stands for them. A call
// without a deadline gets the contract's, or 30 s.
//
// Threads: any, but for the destructor. Quick handlers run on gRPC's threads,
// others on the manager's pool.
// Lifetime: the manager must outlive it. The destructor cancels what runs and
// does not wait for handlers that go on.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/manager.h"

namespace am::control {

class RegistryService;

// Paths of files in PEM.
struct TlsFiles {
  std::string certificate;  // of the server, and what leads to its authority
  std::string key;
  std::string client_ca;  // who may sign clients; empty: clients need not show
};

struct ControlServerOptions {
  // "host:port"; port 0: a free one.
  std::string listen = "127.0.0.1:0";

  // With a certificate and a key: TLS; with client_ca as well: mutual TLS.
  // Files that change are taken over within seconds, by new connections. Until
  // they are whole those before stay in use, which the manager's log and the
  // health of "am.control.Tls" tell.
  TlsFiles tls = {};

  // Without TLS whoever reaches the port may call every handler, and read
  // along. Without this, anything but loopback is then refused.
  bool insecure_allow_plaintext_off_loopback = false;

  // Whether channelz is served, here and, since gRPC knows no smaller scope, by
  // all servers that the process makes later.
  bool channelz = false;

  // Where others find this server, "host:port"; empty: where it listens. One
  // that listens on every interface (0.0.0.0) and has none is not announced.
  std::string advertise = {};

  // Makes this process a registry (am/control/registry_service.h). It lives at
  // least as long as the server.
  std::shared_ptr<RegistryService> registry = {};
};

class ControlServer {
 public:
  // INVALID_ARGUMENT: an address is none, or the files of TLS are not whole.
  // PERMISSION_DENIED: plaintext off loopback. UNAVAILABLE: cannot listen
  // there, since somebody else does.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Make(
      Manager& manager, const ControlServerOptions& options = {});

  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  virtual ~ControlServer() = default;

  // Where it listens, with the real port: "127.0.0.1:40123".
  virtual const std::string& address() const = 0;

 protected:
  ControlServer() = default;
};

}  // namespace am::control
