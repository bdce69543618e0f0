// amctl call
#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "am/control/remote_schema.h"
#include "google/protobuf/util/json_util.h"
#include "tools/amctl/call_request.h"
#include "tools/amctl/command.h"
#include "tools/amctl/data_plane_call.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/handler_name.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/key_values.h"
#include "tools/amctl/near_names.h"
#include "tools/amctl/plane.h"

namespace am::amctl {
namespace {

// Another program has methods that no am.v1.Node tells of.
std::vector<std::string> HandlerNames(Session& session,
                                      control::GrpcCaller& server,
                                      control::RemoteSchema& schema) {
  std::vector<std::string> names;
  const auto list = session.Ask<v1::ListHandlersResponse>(
      server, "am.v1.Node/ListHandlers", v1::ListHandlersRequest());
  if (list.ok()) {
    for (const auto& info : list->handlers()) names.push_back(info.name());
    return names;
  }
  const auto services = schema.Services();
  if (!services.ok()) return names;
  for (const std::string& name : *services) {
    const auto service = schema.FindService(name);
    for (int i = 0; service.ok() && i < (*service)->method_count(); ++i) {
      names.push_back(absl::StrCat(name, "/", (*service)->method(i)->name()));
    }
  }
  return names;
}

class CallCommand final : public Command {
 public:
  explicit CallCommand(CLI::App& app) {
    app.add_option("handler", handler_,
                   "\"compute\", or \"package.Service/Method\"")
        ->required();
    app.add_option("request", request_,
                   "JSON; @FILE or - read it from there; without it, an empty "
                   "message");
    app.add_option("--instance", instance_,
                   "an id or a name, or their beginning; without it, any "
                   "instance that serves the handler");
    AddMetadata(app, "--metadata", metadata_, "what goes along");
    AddPlane(app, plane_);
    app.footer(
        "JSON is protobuf's mapping. Raw bytes are a string in base64, as "
        "google.protobuf.BytesValue is.\n"
        "  amctl call compute '{\"values\": [1, 2]}'\n"
        "  amctl call acme.Inference/Compute @request.json --plane zmq");
  }

  absl::Status Run(Session& session, Output& output) override {
    const absl::StatusOr<std::string> name = HandlerNameOf(handler_);
    if (!name.ok()) return name.status();
    const absl::StatusOr<CallRequest> request =
        CallRequest::Read(request_, output.in);
    if (!request.ok()) return request.status();
    const absl::StatusOr<std::string> response =
        plane_ == "zmq" ? CallOverZmq(session, *name, *request)
                        : CallOverGrpc(session, *name, *request, output.json);
    if (!response.ok()) return response.status();
    output.out << *response;
    if (response->empty() || response->back() != '\n') output.out << '\n';
    output.out.flush();
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::string> CallOverZmq(Session& session,
                                          const std::string& name,
                                          const CallRequest& request) {
    const absl::StatusOr<Node> node =
        session.uses_registry() && instance_.empty()
            ? session.FindWithHandler(name)
            : session.Find(instance_);
    if (!node.ok()) return node.status();
    const auto plane = DataPlane::Connect(session.flags(), node->record.peer());
    if (!plane.ok()) return plane.status();
    return CallOnDataPlane(**plane, name, request, session.flags().timeout,
                           metadata_);
  }

  // Also of a server that is no instance of ours.
  absl::StatusOr<std::string> CallOverGrpc(Session& session,
                                           const std::string& name,
                                           const CallRequest& request,
                                           bool is_compact) {
    absl::StatusOr<std::unique_ptr<control::GrpcCaller>> server =
        Server(session, name);
    if (!server.ok()) return server.status();
    control::RemoteSchema schema(**server, session.options());
    const auto method = schema.FindMethod(name);
    if (absl::IsNotFound(method.status())) {
      return Fail(
          ExitCode::kNotFound,
          absl::StrCat(
              "there is no handler \"", name, "\" at ", (*server)->address(),
              DidYouMean(name, HandlerNames(session, **server, schema))));
    }
    if (!method.ok()) return session.Explain(method.status(), **server);
    if ((*method)->client_streaming() || (*method)->server_streaming()) {
      return Fail(ExitCode::kUsage,
                  absl::StrCat(name, " is a stream; grpcurl can call it"));
    }
    const auto in = schema.NewMessage(*(*method)->input_type());
    const absl::Status parsed = request.ParseTo(*in);
    if (!parsed.ok()) return parsed;
    control::GrpcCaller::Options options = session.options();
    options.metadata.assign(metadata_.begin(), metadata_.end());
    const auto answer = (*server)->Call(name, in->SerializeAsString(), options);
    if (!answer.ok()) return session.Explain(answer.status(), **server);
    const auto out = schema.NewMessage(*(*method)->output_type());
    if (!out->ParseFromString(*answer)) {
      return absl::InternalError("the response is not what its type says");
    }
    return Print(*out, is_compact);
  }

  absl::StatusOr<std::unique_ptr<control::GrpcCaller>> Server(
      Session& session, const std::string& name) {
    if (!session.uses_registry() && instance_.empty()) {
      return session.Connect(session.flags().node);
    }
    absl::StatusOr<Node> node = instance_.empty()
                                    ? session.FindWithHandler(name)
                                    : session.FindWithGrpc(instance_);
    if (!node.ok()) return node.status();
    if (node->caller != nullptr) return std::move(node->caller);
    return Fail(ExitCode::kUsage,
                absl::StrCat(Title(node->record.peer()),
                             " has no gRPC server; try --plane zmq"));
  }

  static absl::StatusOr<std::string> Print(
      const google::protobuf::Message& message, bool is_compact) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = !is_compact;
    std::string text;
    const auto printed =
        google::protobuf::util::MessageToJsonString(message, &text, options);
    if (printed.ok()) return text;
    return absl::InternalError(printed.ToString());
  }

  std::string handler_;
  std::string request_;
  std::string instance_;
  std::string plane_ = "grpc";
  KeyValues metadata_;
};

}  // namespace

std::unique_ptr<Command> DeclareCall(CLI::App& app) {
  return std::make_unique<CallCommand>(app);
}

}  // namespace am::amctl
