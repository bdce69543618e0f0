// RemoteSchema: descriptors of what a gRPC server has, asked for by reflection
// (v1, or else v1alpha) when they are needed, and kept.
//
// What it returns is valid for as long as it lives. Threads: one at a time.
// Everything may block, for a question or two to the server.
// NOT_FOUND: the server knows no such name. UNIMPLEMENTED: it has no
// reflection. Others are GrpcCaller's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/control/grpc_caller.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"

namespace am::control {

class RemoteSchema final {
 public:
  // `server` must outlive it; `options` are for each question.
  RemoteSchema(GrpcCaller& server, GrpcCaller::Options options);
  ~RemoteSchema();

  // Full names, in order.
  absl::StatusOr<std::vector<std::string>> Services();

  // By "package.Service/Method".
  absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(
      const std::string& name);
  absl::StatusOr<const google::protobuf::ServiceDescriptor*> FindService(
      const std::string& name);
  absl::StatusOr<const google::protobuf::Descriptor*> FindMessage(
      const std::string& name);

  // An empty message of a type that it has returned.
  std::unique_ptr<google::protobuf::Message> NewMessage(
      const google::protobuf::Descriptor& type);

 private:
  class Database;

  // Why `name` was not found.
  absl::Status NotFound(const std::string& name) const;

  const std::unique_ptr<Database> database_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
};

}  // namespace am::control
