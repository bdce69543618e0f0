#include "am/message_builder.h"

#include <google/protobuf/message.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/peer_info.h"

namespace am {

MessageBuilder::MessageBuilder(Client client, absl::string_view handler)
    : client_(client),
      name_(FullHandlerName(handler)),
      id_(IsHandlerName(name_) ? HandlerId(name_) : kNoHandler) {}

MessageBuilder& MessageBuilder::Payload(
    const google::protobuf::MessageLite& message) {
  payload_ =
      am::Payload::Share(am::Payload::Of(message).ToBuffer(), Codec::kProtobuf);
  return *this;
}

MessageBuilder& MessageBuilder::Payload(absl::string_view bytes) {
  payload_ = am::Payload::Share(am::Payload::Borrow(bytes).ToBuffer());
  return *this;
}

MessageBuilder& MessageBuilder::JsonPayload(
    const google::protobuf::Message& message) {
  payload_ = am::Payload::Share(
      am::Payload::Of(message, Codec::kJson).ToBuffer(), Codec::kJson);
  return *this;
}

MessageBuilder& MessageBuilder::JsonPayload(absl::string_view json) {
  payload_ =
      am::Payload::Share(am::Payload::Borrow(json).ToBuffer(), Codec::kJson);
  return *this;
}

MessageBuilder& MessageBuilder::Timeout(absl::Duration timeout) {
  options_.timeout = timeout;
  return *this;
}

MessageBuilder& MessageBuilder::Retry(const RetryPolicy& policy) {
  options_.retry = policy;
  return *this;
}

MessageBuilder& MessageBuilder::Idempotent() {
  idempotent_ = true;
  return *this;
}

MessageBuilder& MessageBuilder::HedgeAfter(absl::Duration time) {
  options_.hedge_after = time;
  return *this;
}

MessageBuilder& MessageBuilder::Plane(am::Plane plane) {
  options_.plane = plane;
  return *this;
}

MessageBuilder& MessageBuilder::WaitWhenFull() {
  options_.when_full = WhenFull::kWait;
  return *this;
}

MessageBuilder& MessageBuilder::AddMetadata(absl::string_view key,
                                            absl::string_view value) {
  metadata_.emplace_back(key, value);
  return *this;
}

MethodSpec MessageBuilder::Spec(Pattern pattern) const {
  MethodSpec spec;
  spec.name = name_;
  spec.id = id_;
  spec.pattern = pattern;
  spec.idempotent = idempotent_;
  return spec;
}

absl::Status MessageBuilder::SendDetached(Target target) const {
  CallOptions options = options_;
  if (!metadata_.empty()) options.metadata = &metadata_;
  return client_.SendOneWay(Spec(Pattern::kNoReturn), target, payload_,
                            options);
}

std::vector<std::pair<InstanceId, absl::Status>> MessageBuilder::Broadcast()
    const {
  std::vector<std::pair<InstanceId, absl::Status>> failed;
  for (const PeerInfo& peer : client_.ListPeers()) {
    absl::Status status = SendDetached(peer.id);
    if (!status.ok()) failed.emplace_back(peer.id, std::move(status));
  }
  return failed;
}

Future<void> MessageBuilder::SendAndConfirm(Target target) const {
  return Future<void>(Start(Pattern::kAck, target));
}

std::shared_ptr<PendingCall> MessageBuilder::Start(Pattern pattern,
                                                   Target target) const {
  CallOptions options = options_;
  if (!metadata_.empty()) options.metadata = &metadata_;
  return client_.StartCall(Spec(pattern), target, payload_, options);
}

}  // namespace am
