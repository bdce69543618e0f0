#include "am/control/bridged_call.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "am/call_options.h"
#include "am/control/byte_buffer.h"
#include "am/control/rpc_status.h"
#include "am/metadata.h"
#include "am/pattern_kind.h"
#include "am/wire_status.h"

namespace am::control {
namespace {

// The flags that a caller may set.
constexpr std::uint8_t kCallFlags = kRetryable | kTracked | kRepeated;

absl::string_view ViewOf(grpc::string_ref text) {
  return {text.data(), text.size()};
}

// What gRPC sends by itself, and what is about the call and not of the user.
bool IsOurs(absl::string_view key) {
  return absl::StartsWith(key, "am-") || absl::StartsWith(key, "grpc-") ||
         key == "user-agent";
}

absl::StatusOr<std::string> UsersMetadata(
    const grpc::GenericCallbackServerContext& context) {
  Metadata metadata;
  for (const auto& [key, value] : context.client_metadata()) {
    if (!IsOurs(ViewOf(key))) {
      metadata.emplace_back(ViewOf(key), ViewOf(value));
    }
  }
  if (metadata.empty()) return std::string();
  return EncodeMetadata(metadata);
}

// Takes the handler's answer to the call.
class Answerer final : public Sender {
 public:
  Answerer(InstanceId id, std::shared_ptr<BridgedCall> call)
      : Sender(id), call_(std::move(call)) {}

  ~Answerer() override {
    call_->End(absl::UnavailableError("the instance has shut down"));
  }

  void Reply(const MessageHeader& header, absl::string_view metadata,
             const Payload& value) override {
    if (header.status == 0) {
      call_->EndWith(value);
    } else {
      call_->End(DecodeStatus(header.status, metadata));
    }
  }

  void Account(const absl::Status& outcome) override {
    if (outcome.ok()) {
      call_->EndWith(Payload());
    } else {
      call_->End(outcome);
    }
  }

 private:
  const std::shared_ptr<BridgedCall> call_;
};

}  // namespace

BridgedCall::BridgedCall(Node& node,
                         grpc::GenericCallbackServerContext& context,
                         std::uint64_t call_id)
    : node_(node), context_(context), call_id_(call_id) {}

std::shared_ptr<BridgedCall> BridgedCall::Make(
    Node& node, grpc::GenericCallbackServerContext& context,
    std::uint64_t call_id) {
  std::shared_ptr<BridgedCall> call(new BridgedCall(node, context, call_id));
  call->self_ = call;
  return call;
}

void BridgedCall::Begin(std::shared_ptr<HandlerEntry> handler) {
  handler_ = std::move(handler);
  StartRead(&request_);
}

void BridgedCall::OnReadDone(bool ok) {
  if (!ok) {
    return End(absl::InvalidArgumentError("the call has no request"));
  }
  const absl::Status dispatched = Dispatch();
  if (!dispatched.ok()) End(dispatched);
}

absl::Status BridgedCall::Dispatch() {
  Dispatcher::LocalMessage message;
  InstanceId sender;
  const MethodSpec& spec = handler_->spec();
  message.header.kind = KindOf(spec.pattern);
  message.header.call_id = call_id_;
  const bool is_raw = spec.input_type.empty() && spec.output_type.empty();
  message.header.codec = is_raw ? Codec::kRaw : Codec::kProtobuf;
  absl::Status caller = ReadCaller(sender, message.header);
  if (!caller.ok()) return caller;

  absl::StatusOr<std::string> metadata = UsersMetadata(context_);
  if (!metadata.ok()) return metadata.status();
  if (!metadata->empty()) {
    message.metadata = transport::Buffer(*std::move(metadata));
  }
  absl::StatusOr<transport::Buffer> payload = TakePayload();
  if (!payload.ok()) return payload.status();
  message.payload = *std::move(payload);
  message.handler = handler_;
  message.deadline = Deadline();
  message.stop = stop_;
  message.sender = std::make_shared<Answerer>(sender, shared_from_this());
  const bool one_way = spec.pattern == Pattern::kNoReturn;
  if (node_.dispatcher().DispatchLocal(std::move(message)) && one_way) {
    EndWith(Payload());
  }
  return absl::OkStatus();
}

absl::Status BridgedCall::ReadCaller(InstanceId& sender,
                                     MessageHeader& header) const {
  const auto& metadata = context_.client_metadata();
  const auto found = metadata.find("am-sender");
  if (found == metadata.end()) return absl::OkStatus();
  const absl::StatusOr<InstanceId> id =
      InstanceId::Parse(ViewOf(found->second));
  const auto call_id = metadata.find("am-call-id");
  const auto flags = metadata.find("am-call-flags");
  unsigned int bits = 0;
  if (!id.ok() || id->is_nobody() || call_id == metadata.end() ||
      flags == metadata.end() ||
      !absl::SimpleAtoi(ViewOf(call_id->second), &header.call_id) ||
      !absl::SimpleAtoi(ViewOf(flags->second), &bits)) {
    return absl::InvalidArgumentError(
        "am-sender, am-call-id and am-call-flags come together: 16 hexadecimal "
        "digits, and two numbers");
  }
  sender = *id;
  header.flags = static_cast<std::uint8_t>(bits & kCallFlags);
  return absl::OkStatus();
}

absl::StatusOr<transport::Buffer> BridgedCall::TakePayload() {
  absl::StatusOr<transport::Buffer> bytes = ToBuffer(request_);
  request_.Clear();
  if (!bytes.ok() || !handler_->spec().input_type.empty()) return bytes;
  return UnwrapBytesValue(*bytes);
}

// On the node's clock. gRPC ends a call at its caller's deadline; one without
// is ended here.
absl::Time BridgedCall::Deadline() {
  const absl::Time now = node_.clock().Now();
  const auto deadline = context_.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    const absl::Duration left =
        absl::FromChrono(deadline - std::chrono::system_clock::now());
    return now + std::min(left, kMaxTimeout);
  }
  const absl::Duration contract = handler_->spec().timeout;
  const absl::Duration timeout =
      contract > absl::ZeroDuration() ? contract : kDefaultTimeout;
  alarm_.Set(
      std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout),
      [weak = weak_from_this()](bool due) {
        const std::shared_ptr<BridgedCall> call = weak.lock();
        if (due && call != nullptr) call->OnCancel();
      });
  return now + timeout;
}

void BridgedCall::End(const absl::Status& status) {
  if (ended_.exchange(true)) return;
  Finish(ToGrpc(status));
}

void BridgedCall::EndWith(const Payload& value) {
  if (ended_.exchange(true)) return;
  const MethodSpec& spec = handler_->spec();
  const bool wraps =
      spec.pattern == Pattern::kResponse && spec.output_type.empty();
  response_ = wraps ? WrapBytesValue(value) : ToByteBuffer(value);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

// At the deadline, too; then the caller has ended the call by itself, unless it
// was our alarm.
void BridgedCall::OnCancel() {
  if (ended_.exchange(true)) return;
  stop_.request_stop();
  const bool expired = !context_.IsCancelled();
  Finish(expired ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                                "the deadline has passed")
                 : grpc::Status::CANCELLED);
}

}  // namespace am::control
