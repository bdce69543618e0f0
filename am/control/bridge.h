// Bridge: serves every handler of an instance as a gRPC method, whichever there
// are when a call comes.
//
// Threads: gRPC's. The node must outlive it, and it the server.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <cstdint>

#include "am/node.h"

namespace am::control {

class Bridge final : public grpc::CallbackGenericService {
 public:
  explicit Bridge(Node& node) : node_(node) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Node& node_;
  std::atomic<std::uint64_t> next_call_id_ = 1;  // for those who send none
};

}  // namespace am::control
