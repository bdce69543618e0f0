// Reflection: grpc.reflection v1 and v1alpha, for tools that know no .proto.
//
// Each question is answered from what there is when it comes. Unknown names are
// answered NOT_FOUND within the stream, which goes on.
//
// Threads: gRPC's. It must outlive its server.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <memory>

#include "am/control/schema.h"

namespace am::control {

using SchemaSource = std::function<Schema()>;  // any thread

std::unique_ptr<grpc::Service> MakeReflectionV1(SchemaSource source);
std::unique_ptr<grpc::Service> MakeReflectionV1Alpha(SchemaSource source);

}  // namespace am::control
