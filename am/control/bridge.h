// Bridge: serves every handler of an instance as a gRPC method, whichever there
// are when a call comes.
//
// gRPC has two ways in. Methods that it knows when the server starts come with
// their request, as those of a service that gRPC's plugin has generated; others
// are asked for their request first, which costs an event more on gRPC's queue.
// So handlers that are there by then go the first way, and those that come
// later the second; nobody can tell them apart but by their cost.
//
// Threads: gRPC's. The node must outlive it, and it the server.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "am/node.h"

namespace am::control {

class Bridge final : public grpc::CallbackGenericService {
 public:
  // Knows the handlers that there are now.
  explicit Bridge(Node& node);
  ~Bridge() override;

  // REQUIRES: called once, before the server starts.
  void AddTo(grpc::ServerBuilder& builder);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  class KnownMethods;

  std::uint64_t NextCallId() { return next_call_id_.fetch_add(1); }

  Node& node_;
  std::atomic<std::uint64_t> next_call_id_ = 1;  // for those who send none
  const std::unique_ptr<KnownMethods> known_;
};

}  // namespace am::control
