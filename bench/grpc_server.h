// The servers of grpc_contestant.h.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "bench/contestant.h"

namespace am::bench {

class GrpcServer : public Server {
 public:
  virtual std::shared_ptr<grpc::Channel> InProcessChannel() = 0;
};

absl::StatusOr<std::unique_ptr<GrpcServer>> MakePlainGrpcServer(
    const Setting& setting);

// Over tcp, whatever the setting. Its handlers are there before its server of
// gRPC is, or come later.
absl::StatusOr<std::unique_ptr<Server>> MakeBridgeServer(bool handlers_later);

}  // namespace am::bench
