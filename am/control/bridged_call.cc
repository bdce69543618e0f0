#include "am/control/bridged_call.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/call_options.h"
#include "am/control/byte_buffer.h"
#include "am/control/call_header.h"
#include "am/control/rpc_status.h"
#include "am/metadata.h"
#include "am/wire/pattern_kind.h"
#include "am/wire/wire_status.h"

namespace am::control {
namespace {

// The flags that a caller may set.
constexpr std::uint32_t kCallFlags = kRetryable | kTracked | kRepeated;

absl::string_view ViewOf(grpc::string_ref text) {
  return {text.data(), text.size()};
}

// What gRPC sends by itself, and what is about the call and not of the user.
bool IsOurs(absl::string_view key) {
  return absl::StartsWith(key, "am-") || absl::StartsWith(key, "grpc-") ||
         key == "user-agent";
}

bool IsValid(const v1::CallHeader& header) {
  return header.sender() != 0 &&
         header.kind() >= static_cast<int>(MessageKind::kNoReturn) &&
         header.kind() <= static_cast<int>(MessageKind::kCall) &&
         header.codec() <= static_cast<int>(Codec::kJson) &&
         IsMetadata(header.metadata());
}

// Takes the handler's answer to the call.
class Answerer final : public Sender {
 public:
  Answerer(InstanceId id, std::shared_ptr<BridgedCall> call)
      : Sender(id), call_(std::move(call)) {}

  ~Answerer() override {
    call_->End(absl::UnavailableError("the instance has shut down"), 0);
  }

  void Reply(const MessageHeader& header, absl::string_view metadata,
             const Payload& value) override {
    if (header.status == 0) {
      call_->EndWith(value);
    } else {
      call_->End(DecodeStatus(header.status, metadata), header.flags);
    }
  }

  void Account(const absl::Status& outcome) override {
    if (outcome.ok()) {
      call_->EndWith(Payload());
    } else {
      call_->End(outcome, 0);
    }
  }

 private:
  const std::shared_ptr<BridgedCall> call_;
};

}  // namespace

// -- The request -------------------------------------------------------------

void BridgedCall::Begin(absl::string_view handler,
                        const grpc::ByteBuffer& request) {
  absl::Status status = ReadCaller();
  handler_ = node_.handlers().FindByName(handler);
  if (status.ok() && handler_ == nullptr) {
    status =
        absl::UnimplementedError(absl::StrCat("there is no handler ", handler));
  }
  if (status.ok()) status = Dispatch(request);
  if (!status.ok()) End(status, kNotRun);
}

absl::Status BridgedCall::ReadCaller() {
  for (const auto& [key, value] : context_.client_metadata()) {
    if (key == kCallHeader) {
      caller_.is_ours = true;
      if (!caller_.header.ParseFromArray(value.data(),
                                         static_cast<int>(value.size())) ||
          !IsValid(caller_.header)) {
        return absl::InvalidArgumentError(absl::StrCat(
            kCallHeader, " is not an am.v1.CallHeader as its comments say"));
      }
    } else if (!IsOurs(ViewOf(key))) {
      caller_.metadata.emplace_back(ViewOf(key), ViewOf(value));
    }
  }
  const std::uint64_t target = caller_.header.target();
  const PeerInfo& self = node_.self();
  if (target == 0 || target == self.id.value()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("instance ", InstanceId(target).ToString(),
                   " is gone; there is now ", self.ToString()));
}

absl::Status BridgedCall::Dispatch(const grpc::ByteBuffer& request) {
  absl::StatusOr<Dispatcher::LocalMessage> message = MessageOf(request);
  if (!message.ok()) return message.status();
  const bool has_deadline =
      context_.deadline() != std::chrono::system_clock::time_point::max();
  const absl::Time deadline = message->deadline;
  const bool one_way = message->header.kind == MessageKind::kNoReturn;
  const bool accepted = node_.dispatcher().DispatchLocal(*std::move(message));
  if (accepted && one_way && !caller_.is_ours) EndWith(Payload());
  if (!has_deadline && !ended_.load()) EndAt(deadline);
  return absl::OkStatus();
}

absl::StatusOr<Dispatcher::LocalMessage> BridgedCall::MessageOf(
    const grpc::ByteBuffer& request) {
  Dispatcher::LocalMessage message;
  const MethodSpec& spec = handler_->spec();
  message.header.handler = spec.id;
  absl::StatusOr<transport::Buffer> payload = ToBuffer(request);
  if (caller_.is_ours) {
    const v1::CallHeader& header = caller_.header;
    message.header.kind = static_cast<MessageKind>(header.kind());
    message.header.flags =
        static_cast<std::uint8_t>(header.flags() & kCallFlags);
    message.header.codec = static_cast<Codec>(header.codec());
    message.header.call_id = header.call_id();
    message.metadata = transport::Buffer(header.metadata());
  } else {
    const bool is_raw = spec.input_type.empty() && spec.output_type.empty();
    message.header.kind = KindOf(spec.pattern);
    message.header.codec = is_raw ? Codec::kRaw : Codec::kProtobuf;
    message.header.call_id = call_id_;
    if (payload.ok() && spec.input_type.empty()) {
      payload = UnwrapBytesValue(*payload);
    }
    if (!caller_.metadata.empty()) {
      absl::StatusOr<std::string> metadata = EncodeMetadata(caller_.metadata);
      if (!metadata.ok()) return metadata.status();
      message.metadata = transport::Buffer(*std::move(metadata));
    }
  }
  if (!payload.ok()) return payload.status();
  message.payload = *std::move(payload);
  message.handler = handler_;
  message.deadline = Deadline();
  message.stop = stop_;
  message.sender = std::make_shared<Answerer>(
      InstanceId(caller_.header.sender()), shared_from_this());
  return message;
}

// -- Time --------------------------------------------------------------------

// On the node's clock. gRPC ends a call at its caller's deadline, which it
// rounds up by as much as a percent.
absl::Time BridgedCall::Deadline() const {
  const absl::Time now = node_.clock().Now();
  const auto deadline = context_.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    const std::uint32_t budget = caller_.header.budget();
    const absl::Duration left =
        absl::FromChrono(deadline - std::chrono::system_clock::now());
    return now + std::min(left, FromBudget(budget != 0 ? budget : kNoBudget));
  }
  const absl::Duration contract = handler_->spec().timeout;
  return now + (contract > absl::ZeroDuration() ? contract : kDefaultTimeout);
}

// For a call without a deadline of its caller's.
void BridgedCall::EndAt(absl::Time deadline) {
  const absl::Duration left = deadline - node_.clock().Now();
  alarm_.emplace();
  alarm_->Set(
      std::chrono::system_clock::now() + absl::ToChronoMilliseconds(left),
      [weak = weak_from_this()](bool due) {
        const std::shared_ptr<BridgedCall> call = weak.lock();
        if (due && call != nullptr) call->Cancel();
      });
}

// At the deadline, too; then the caller has ended the call by itself, unless it
// was our alarm.
void BridgedCall::Cancel() {
  if (ended_.exchange(true)) return;
  stop_.request_stop();
  const bool expired = !context_.IsCancelled();
  Fail(expired ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                              "the deadline has passed")
               : grpc::Status::CANCELLED);
}

// -- The response ------------------------------------------------------------

void BridgedCall::AddReplyHeader(std::uint8_t flags, Codec codec) {
  v1::ReplyHeader header;
  header.set_flags(flags);
  header.set_codec(static_cast<std::uint32_t>(codec));
  context_.AddTrailingMetadata(kReplyHeader, header.SerializeAsString());
}

void BridgedCall::End(const absl::Status& status, std::uint8_t flags) {
  if (ended_.exchange(true)) return;
  if (caller_.is_ours) AddReplyHeader(flags, Codec::kRaw);
  Fail(ToGrpc(status));
}

void BridgedCall::EndWith(const Payload& value) {
  if (ended_.exchange(true)) return;
  const MethodSpec& spec = handler_->spec();
  if (caller_.is_ours) {
    if (static_cast<std::uint32_t>(value.codec()) != caller_.header.codec()) {
      AddReplyHeader(0, value.codec());
    }
    return Answer(ToByteBuffer(value));
  }
  const bool wraps =
      spec.pattern == Pattern::kResponse && spec.output_type.empty();
  Answer(wraps ? WrapBytesValue(value) : ToByteBuffer(value));
}

}  // namespace am::control
