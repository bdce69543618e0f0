// TlsIdentity: who a server is, and whom it admits, from files that may change
// while it serves.
//
// The files are looked at every second. Once they have changed and are whole
// (certificate and key belong together, the authorities can be read) new
// connections use them; until then those before stay in use, and status() says
// what is wrong, as does one line of the log. Connections that stand are left
// alone.
//
// What is in use lies, as gRPC reads files alone, in a folder that only this
// user can read, and which the destructor removes.
//
// Threads: any; it has one of its own.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/control/control_server.h"

namespace am::control {

class TlsIdentity {
 public:
  using Log = std::function<void(absl::string_view)>;

  // `on_change` is called when status() changes, on the thread of its own.
  // INVALID_ARGUMENT: the files are not whole, and why. UNAVAILABLE: there is
  // no place for what is in use.
  static absl::StatusOr<std::unique_ptr<TlsIdentity>> Make(
      const TlsFiles& files, Log log, std::function<void()> on_change);

  virtual ~TlsIdentity() = default;

  virtual std::shared_ptr<grpc::ServerCredentials> credentials() const = 0;

  // OK, or why the files as they are now are not used.
  virtual absl::Status status() const = 0;
};

}  // namespace am::control
