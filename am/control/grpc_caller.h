// GrpcCaller: calls methods of a gRPC server by their paths, with messages as
// bytes, and waits. For tools; a program has stubs.
//
//   auto server = am::control::GrpcCaller::Make("127.0.0.1:50051");
//   (*server)->Call("am.v1.Node/Describe", request.SerializeAsString(),
//                   {.timeout = absl::Seconds(5)});
//
// Threads: any, but for the destructor. Calls block, no longer than they are
// told to.
// Statuses are the server's, with their details. UNAVAILABLE is the server's
// too, unless WasNotReached says that there is none.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/control/tls_client_files.h"

namespace am::control {

class GrpcCaller {
 public:
  // Every member has an initialiser, so that {.stop = x} warns of nothing.
  struct Options {
    // Of a call in all; of Read, until the first response.
    absl::Duration timeout = absl::Seconds(10);
    std::stop_token stop = {};  // ends it, with CANCELLED
    // Keys in lower case and values in ASCII, as HTTP/2 has them; or gRPC ends
    // the process.
    std::vector<std::pair<std::string, std::string>> metadata = {};
  };

  // True: go on.
  using OnResponse = std::function<bool(absl::string_view response)>;

  // Connects when it is first used. INVALID_ARGUMENT: `tls` is not whole.
  static absl::StatusOr<std::unique_ptr<GrpcCaller>> Make(
      const std::string& address, const TlsClientFiles& tls = {});

  virtual ~GrpcCaller() = default;

  // `method` is "package.Service/Method": one that does not stream, or a stream
  // of which one message each way is enough.
  virtual absl::StatusOr<std::string> Call(const std::string& method,
                                           absl::string_view request,
                                           const Options& options) = 0;

  // One request and a stream of responses, each given to `on_response` on this
  // thread. OK: the server ended it, or `on_response` did.
  virtual absl::Status Read(const std::string& method,
                            absl::string_view request, const Options& options,
                            const OnResponse& on_response) = 0;

  virtual const std::string& address() const = 0;

 protected:
  GrpcCaller() = default;
};

// Whether a call failed because nobody answers at the address, or the
// connection was lost.
bool WasNotReached(const absl::Status& status);

}  // namespace am::control
