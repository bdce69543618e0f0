// BridgedCall: one gRPC call on its way through a handler.
//
// It is kept by itself until gRPC is done with it, and by its Answerer for as
// long as the handler may answer. Whatever ends it first (an answer, the
// caller's cancellation or deadline, the server's end) finishes the call; what
// comes after is dropped.
//
// Threads: any; gRPC's reactions may overlap with the handler's answer.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/node.h"

namespace am::control {

class BridgedCall final : public grpc::ServerGenericBidiReactor,
                          public std::enable_shared_from_this<BridgedCall> {
 public:
  // `call_id` is for a caller that sends none. Begin or End must follow.
  static std::shared_ptr<BridgedCall> Make(
      Node& node, grpc::GenericCallbackServerContext& context,
      std::uint64_t call_id);

  // Reads the request and has `handler` run for it.
  void Begin(std::shared_ptr<HandlerEntry> handler);

  // Finishes the call, unless it has ended.
  void End(const absl::Status& status);
  void EndWith(const Payload& value);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { self_.reset(); }

 private:
  BridgedCall(Node& node, grpc::GenericCallbackServerContext& context,
              std::uint64_t call_id);

  absl::Status Dispatch();
  absl::Status ReadCaller(InstanceId& sender, MessageHeader& header) const;
  absl::StatusOr<transport::Buffer> TakePayload();
  absl::Time Deadline();

  Node& node_;
  grpc::GenericCallbackServerContext& context_;
  const std::uint64_t call_id_;
  std::shared_ptr<HandlerEntry> handler_;
  std::stop_source stop_;
  grpc::Alarm alarm_;  // for a call whose caller sets no deadline
  std::atomic<bool> ended_ = false;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::shared_ptr<BridgedCall> self_;  // until gRPC is done with it
};

}  // namespace am::control
