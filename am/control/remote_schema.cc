#include "am/control/remote_schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "src/proto/grpc/reflection/v1/reflection.pb.h"

namespace am::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

// The newest first. Their messages are the same but for the package.
const char* const kVersions[] = {
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};

}  // namespace

// Asks the server for each file that the pool does not have yet. A pool takes
// no failure but that there is no such file, so the last one is kept.
class RemoteSchema::Database final
    : public google::protobuf::DescriptorDatabase {
 public:
  Database(GrpcCaller& server, GrpcCaller::Options options)
      : server_(server), options_(std::move(options)) {}

  absl::StatusOr<ServerReflectionResponse> Ask(
      const ServerReflectionRequest& request) {
    for (;;) {
      const absl::StatusOr<std::string> answer =
          server_.Call(*version_, request.SerializeAsString(), options_);
      if (absl::IsUnimplemented(answer.status()) &&
          version_ + 1 != std::end(kVersions)) {
        ++version_;
        continue;
      }
      if (!answer.ok()) return answer.status();
      ServerReflectionResponse response;
      if (response.ParseFromString(*answer)) return response;
      return absl::InternalError("the answer of reflection does not parse");
    }
  }

  bool FindFileByName(const std::string& name,
                      FileDescriptorProto* file) override {
    if (files_.FindFileByName(name, file)) return true;
    ServerReflectionRequest request;
    request.set_file_by_filename(name);
    return Fetch(request) && files_.FindFileByName(name, file);
  }

  bool FindFileContainingSymbol(const std::string& symbol,
                                FileDescriptorProto* file) override {
    if (files_.FindFileContainingSymbol(symbol, file)) return true;
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    return Fetch(request) && files_.FindFileContainingSymbol(symbol, file);
  }

  bool FindFileContainingExtension(const std::string& type, int number,
                                   FileDescriptorProto* file) override {
    if (files_.FindFileContainingExtension(type, number, file)) return true;
    ServerReflectionRequest request;
    request.mutable_file_containing_extension()->set_containing_type(type);
    request.mutable_file_containing_extension()->set_extension_number(number);
    return Fetch(request) &&
           files_.FindFileContainingExtension(type, number, file);
  }

  // Of the last question; OK: the server does not know it.
  const absl::Status& failure() const { return failure_; }

 private:
  // Keeps the files of the answer.
  bool Fetch(const ServerReflectionRequest& request) {
    const auto response = Ask(request);
    failure_ = response.status();
    if (!response.ok()) return false;
    for (const std::string& bytes :
         response->file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      if (!file.ParseFromString(bytes)) return false;
      if (names_.insert(file.name()).second) files_.Add(file);
    }
    return response->has_file_descriptor_response();
  }

  GrpcCaller& server_;
  const GrpcCaller::Options options_;
  const char* const* version_ = std::begin(kVersions);
  google::protobuf::SimpleDescriptorDatabase files_;
  std::set<std::string> names_;
  absl::Status failure_;
};

RemoteSchema::RemoteSchema(GrpcCaller& server, GrpcCaller::Options options)
    : database_(std::make_unique<Database>(server, std::move(options))),
      pool_(database_.get()),
      factory_(&pool_) {}

RemoteSchema::~RemoteSchema() = default;

absl::StatusOr<std::vector<std::string>> RemoteSchema::Services() {
  ServerReflectionRequest request;
  request.set_list_services("*");
  const auto response = database_->Ask(request);
  if (!response.ok()) return response.status();
  std::vector<std::string> names;
  for (const auto& service : response->list_services_response().service()) {
    names.push_back(service.name());
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<const MethodDescriptor*> RemoteSchema::FindMethod(
    const std::string& name) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(name, absl::MaxSplits('/', 1));
  const auto service = FindService(parts.first);
  if (!service.ok()) return service.status();
  const auto* const method = (*service)->FindMethodByName(parts.second);
  if (method != nullptr) return method;
  return absl::NotFoundError(
      absl::StrCat(parts.first, " has no method ", parts.second));
}

absl::StatusOr<const ServiceDescriptor*> RemoteSchema::FindService(
    const std::string& name) {
  const auto* const service = pool_.FindServiceByName(name);
  if (service != nullptr) return service;
  return NotFound(name);
}

absl::StatusOr<const Descriptor*> RemoteSchema::FindMessage(
    const std::string& name) {
  const auto* const message = pool_.FindMessageTypeByName(name);
  if (message != nullptr) return message;
  return NotFound(name);
}

std::unique_ptr<google::protobuf::Message> RemoteSchema::NewMessage(
    const Descriptor& type) {
  return std::unique_ptr<google::protobuf::Message>(
      factory_.GetPrototype(&type)->New());
}

absl::Status RemoteSchema::NotFound(const std::string& name) const {
  if (!database_->failure().ok()) return database_->failure();
  return absl::NotFoundError(absl::StrCat("the server knows no ", name));
}

}  // namespace am::control
