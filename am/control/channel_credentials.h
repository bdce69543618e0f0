// What a gRPC channel is made with, from TlsClientFiles.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>

#include "absl/status/statusor.h"
#include "am/control/tls_client_files.h"

namespace am::control {

// Reads the files; also sets in `arguments` what they ask for.
// INVALID_ARGUMENT: a file cannot be read or is not whole, or only some are
// given.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const TlsClientFiles& files,
                       grpc::ChannelArguments& arguments);

// For channels that last: files that change are taken over within seconds, by
// new connections. While they are not whole none can be made, and those that
// stand remain. Null, which leads to a channel on which all calls fail: only
// some of the files are given.
std::shared_ptr<grpc::ChannelCredentials> FollowChannelCredentials(
    const TlsClientFiles& files, grpc::ChannelArguments& arguments);

}  // namespace am::control
