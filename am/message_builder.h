// MessageBuilder: a message put together by hand, for handlers that are known
// by name only.
//
//   client.Message("log").Payload(entry).SendDetached(peer);        // NoReturn
//   client.Message("validate").Payload(batch).SendAndConfirm(peer)  // Ack
//       .Await();
//   client.Message("compute").Payload(request).Timeout(absl::Seconds(5))
//       .Expect<Result>().Send(peer).Await();                       // Response
//
// What is wrong with a message (a name that is not one, JSON that cannot be
// written) is told by the call that sends it.
//
// A value; one thread at a time. Sending leaves it as it was, so that the same
// message can be sent to several targets, serialised once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "am/client.h"
#include "am/metadata.h"
#include "am/transport/buffer.h"

namespace am {

template <typename Response>
class ResponseBuilder;

class MessageBuilder {
 public:
  MessageBuilder(Client client, absl::string_view handler);

  // The value to send: a protobuf message, written in protobuf's binary form,
  // or bytes as they are.
  MessageBuilder& Payload(const google::protobuf::MessageLite& message);
  MessageBuilder& Payload(absl::string_view bytes);

  // A protobuf message as JSON.
  MessageBuilder& JsonPayload(const google::protobuf::Message& message);
  // JSON text as it is.
  MessageBuilder& JsonPayload(absl::string_view json);

  // See CallOptions::timeout.
  MessageBuilder& Timeout(absl::Duration timeout);

  // See CallOptions::retry. Not for one-way messages.
  MessageBuilder& Retry(const RetryPolicy& policy);

  // The handler may run twice without harm: what a contract would say of it.
  MessageBuilder& Idempotent();

  // See CallOptions::hedge_after. REQUIRES: Idempotent().
  MessageBuilder& HedgeAfter(absl::Duration time);

  // See CallOptions::plane.
  MessageBuilder& Plane(am::Plane plane);

  // Blocks when the way to the peer is full instead of failing.
  MessageBuilder& WaitWhenFull();

  // Adds a key and its value. REQUIRES: a lower-case key without "am-" before.
  MessageBuilder& AddMetadata(absl::string_view key, absl::string_view value);

  // One-way, to a NoReturn handler. See Client::Send for what it returns.
  absl::Status SendDetached(Target target) const;

  // One-way to each connected peer, in order of their ids. Returns whom it
  // could not be queued for, and why.
  std::vector<std::pair<InstanceId, absl::Status>> Broadcast() const;

  // To an Ack handler; done when it has run.
  Future<void> SendAndConfirm(Target target) const;

  // Says what a Response handler returns: a protobuf message, or std::string
  // for its bytes.
  template <typename Response>
  ResponseBuilder<Response> Expect() const {
    return ResponseBuilder<Response>(*this);
  }

 private:
  template <typename Response>
  friend class ResponseBuilder;

  std::shared_ptr<PendingCall> Start(Pattern pattern, Target target) const;
  MethodSpec Spec(Pattern pattern) const;

  Client client_;
  std::string name_;
  std::uint64_t id_;
  bool idempotent_ = false;
  am::Payload payload_;
  CallOptions options_;
  Metadata metadata_;
};

// A message that expects a `Response`.
template <typename Response>
class ResponseBuilder {
 public:
  explicit ResponseBuilder(MessageBuilder message)
      : message_(std::move(message)) {}

  Future<Response> Send(Target target) const {
    return Future<Response>(message_.Start(Pattern::kResponse, target));
  }

 private:
  MessageBuilder message_;
};

}  // namespace am
