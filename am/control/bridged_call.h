// BridgedCall: one gRPC call on its way through a handler.
//
// It is kept by itself until gRPC is done with it, and by its Answerer for as
// long as the handler may answer. Whatever ends it first (an answer, the
// caller's cancellation or deadline, the server's end) finishes the call; what
// comes after is dropped.
//
// gRPC has two shapes for it: see am/control/bridge.h.
//
// Threads: any; gRPC's reactions may overlap with the handler's answer.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/node.h"
#include "am/v1/bridge.pb.h"

namespace am::control {

class BridgedCall : public std::enable_shared_from_this<BridgedCall> {
 public:
  virtual ~BridgedCall() = default;

  // Has the handler of that name run for `request`, or ends.
  void Begin(absl::string_view handler, const grpc::ByteBuffer& request);

  // Finishes the call, unless it has ended. Flags are those of a REPLY.
  void End(const absl::Status& status, std::uint8_t flags);
  void EndWith(const Payload& value);

 protected:
  // `call_id` is for a caller that sends none.
  BridgedCall(Node& node, grpc::CallbackServerContext& context,
              std::uint64_t call_id)
      : node_(node), context_(context), call_id_(call_id) {}

  grpc::CallbackServerContext& context() { return context_; }

  // From now on it is kept, until Release.
  void Keep() { self_ = shared_from_this(); }
  void Release() { self_.reset(); }

  // The caller has gone, or the server ends.
  void Cancel();

  // gRPC's side. One of them is called, once.
  virtual void Fail(const grpc::Status& status) = 0;
  virtual void Answer(grpc::ByteBuffer value) = 0;

 private:
  // What the caller says of itself and of the call.
  struct Caller {
    bool is_ours = false;  // it sent a CallHeader
    v1::CallHeader header;
    Metadata metadata;  // of one that is not
  };

  absl::Status Dispatch(const grpc::ByteBuffer& request);
  absl::Status ReadCaller();
  absl::StatusOr<Dispatcher::LocalMessage> MessageOf(
      const grpc::ByteBuffer& request);
  absl::Time Deadline() const;
  void EndAt(absl::Time deadline);
  void AddReplyHeader(std::uint8_t flags, Codec codec);

  Node& node_;
  grpc::CallbackServerContext& context_;
  const std::uint64_t call_id_;
  std::shared_ptr<HandlerEntry> handler_;
  Caller caller_;
  std::stop_source stop_;
  std::optional<grpc::Alarm> alarm_;  // if its caller sets no deadline
  std::atomic<bool> ended_ = false;
  std::shared_ptr<BridgedCall> self_;  // until gRPC is done with it
};

}  // namespace am::control
