// How a status travels over gRPC: code, text and, for its payloads, details
// (the trailer grpc-status-details-bin, a google.rpc.Status).
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace am::control {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace am::control
