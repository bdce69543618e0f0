#include "am/control/reflection.h"

#include <string>
#include <utility>

#include "am/control/rpc_status.h"
#include "src/proto/grpc/reflection/v1/reflection.grpc.pb.h"
#include "src/proto/grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace am::control {
namespace {

// The two versions differ in their names only.
struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <typename Response>
void SetError(const absl::Status& status, Response& response) {
  auto& error = *response.mutable_error_response();
  error.set_error_code(ToGrpc(status).error_code());
  error.set_error_message(std::string(status.message()));
}

template <typename Response>
void SetFiles(const absl::StatusOr<Schema::Files>& files, Response& response) {
  if (!files.ok()) return SetError(files.status(), response);
  auto& answer = *response.mutable_file_descriptor_response();
  for (const std::string& file : *files) {
    answer.add_file_descriptor_proto(file);
  }
}

template <typename Response>
void SetNumbers(const std::string& type, const Schema& schema,
                Response& response) {
  const absl::StatusOr<std::vector<int>> numbers =
      schema.ExtensionNumbers(type);
  if (!numbers.ok()) return SetError(numbers.status(), response);
  auto& answer = *response.mutable_all_extension_numbers_response();
  answer.set_base_type_name(type);
  for (const int number : *numbers) answer.add_extension_number(number);
}

template <typename Version>
void Answer(const typename Version::Request& request, const Schema& schema,
            typename Version::Response& response) {
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Version::Request::kFileByFilename:
      return SetFiles(schema.FileByName(request.file_by_filename()), response);
    case Version::Request::kFileContainingSymbol:
      return SetFiles(schema.FileWithSymbol(request.file_containing_symbol()),
                      response);
    case Version::Request::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      return SetFiles(schema.FileWithExtension(extension.containing_type(),
                                               extension.extension_number()),
                      response);
    }
    case Version::Request::kAllExtensionNumbersOfType:
      return SetNumbers(request.all_extension_numbers_of_type(), schema,
                        response);
    case Version::Request::kListServices:
      for (const std::string& name : schema.services()) {
        response.mutable_list_services_response()->add_service()->set_name(
            name);
      }
      return;
    default:
      return SetError(absl::InvalidArgumentError("the request asks nothing"),
                      response);
  }
}

template <typename Version>
class Conversation final
    : public grpc::ServerBidiReactor<typename Version::Request,
                                     typename Version::Response> {
 public:
  explicit Conversation(const SchemaSource& source) : source_(source) {
    this->StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return this->Finish(grpc::Status::OK);
    response_.Clear();
    Answer<Version>(request_, source_(), response_);
    this->StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return this->Finish(grpc::Status::OK);
    this->StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  const SchemaSource& source_;
  typename Version::Request request_;
  typename Version::Response response_;
};

template <typename Version>
class Reflection final : public Version::Service::CallbackService {
 public:
  explicit Reflection(SchemaSource source) : source_(std::move(source)) {}

  grpc::ServerBidiReactor<typename Version::Request,
                          typename Version::Response>*
  ServerReflectionInfo(grpc::CallbackServerContext*) override {
    return new Conversation<Version>(source_);
  }

 private:
  const SchemaSource source_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReflectionV1(SchemaSource source) {
  return std::make_unique<Reflection<V1>>(std::move(source));
}

std::unique_ptr<grpc::Service> MakeReflectionV1Alpha(SchemaSource source) {
  return std::make_unique<Reflection<V1Alpha>>(std::move(source));
}

}  // namespace am::control
