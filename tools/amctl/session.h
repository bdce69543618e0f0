// Session: what one run of amctl talks to, by its flags.
//
// One thread. Everything may block, each time for Flags::timeout at the most.
// Failures say what to do next, and carry their exit codes.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "am/control/grpc_caller.h"
#include "am/v1/node.pb.h"
#include "am/v1/registry.pb.h"
#include "google/protobuf/message_lite.h"
#include "tools/amctl/flags.h"

namespace am::amctl {

// An instance that has been found.
struct Node {
  v1::Instance record;  // without a registry, what the instance says of itself
  std::unique_ptr<control::GrpcCaller> caller;  // null: it has no gRPC server
};

class Session {
 public:
  Session(Flags flags, std::stop_token stop)
      : flags_(std::move(flags)), stop_(std::move(stop)) {}

  const Flags& flags() const { return flags_; }
  const std::stop_token& stop() const { return stop_; }

  bool uses_registry() const { return flags_.node.empty(); }

  // For calls, by --timeout and until the interrupt.
  control::GrpcCaller::Options options() const;

  // kUsage: there is no --registry.
  absl::StatusOr<control::GrpcCaller*> Registry();

  // All that the registry knows, in order of their ids. Handlers are named as
  // people do.
  absl::StatusOr<std::vector<v1::Instance>> Instances(
      const v1::InstanceFilter& filter = {});

  // The instance that `text` means (see Choose); without a text, the one of
  // --node, or the only one that there is.
  absl::StatusOr<Node> Find(const std::string& text);

  // The same, for what only gRPC can be asked. kUsage: it has no gRPC server.
  absl::StatusOr<Node> FindWithGrpc(const std::string& text);

  // One that serves the handler, a full name; rather one that answers.
  absl::StatusOr<Node> FindWithHandler(const std::string& full_name);

  // One that serves the service, or takes or gives the message; else any that
  // may know it.
  absl::StatusOr<Node> FindWithSymbol(const std::string& full_name);

  // Of whom nothing is known yet but the address.
  absl::StatusOr<std::unique_ptr<control::GrpcCaller>> Connect(
      const std::string& address) const;

  // Calls a method whose messages this program knows.
  template <typename Response>
  absl::StatusOr<Response> Ask(control::GrpcCaller& server,
                               const std::string& method,
                               const google::protobuf::MessageLite& request) {
    const absl::StatusOr<std::string> answer =
        server.Call(method, request.SerializeAsString(), options());
    if (!answer.ok()) return Explain(answer.status(), server);
    Response response;
    if (response.ParseFromString(*answer)) return response;
    return absl::InternalError(method + " answered what does not parse");
  }

  // A failed call's status: where nobody was reached, with what to do next.
  absl::Status Explain(const absl::Status& status,
                       const control::GrpcCaller& server) const;

 private:
  absl::StatusOr<Node> FindByAddress(const std::string& text);
  absl::StatusOr<Node> Open(v1::Instance record) const;
  absl::StatusOr<Node> OpenAny(std::vector<v1::Instance> records);
  std::string AboutTls() const;

  const Flags flags_;
  const std::stop_token stop_;
  std::unique_ptr<control::GrpcCaller> registry_;
};

}  // namespace am::amctl
