#include "am/control/grpc_control_plane.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/call_options.h"
#include "am/control/byte_buffer.h"
#include "am/control/call_header.h"
#include "am/control/channel_credentials.h"
#include "am/control/rpc_status.h"
#include "am/mutex.h"
#include "am/v1/bridge.pb.h"

namespace am::control {
namespace {

// With more of them, those that are not in use are let go of.
constexpr std::size_t kMaxChannels = 1024;

// One call. It keeps itself until gRPC is done with it.
class GrpcAttempt final : public ControlPlane::Attempt,
                          public grpc::ClientUnaryReactor {
 public:
  GrpcAttempt(ControlPlane::Message message, ControlPlane::OnDone on_done)
      : codec_(message.header.codec), on_done_(std::move(on_done)) {
    context_.AddMetadata(kCallHeader, HeaderOf(message));
    context_.set_deadline(
        std::chrono::system_clock::now() +
        absl::ToChronoNanoseconds(std::min(message.timeout, kMaxTimeout)));
    path_ = absl::StrCat("/", message.handler);
    request_ = ToByteBuffer(
        Payload::Share(std::move(message.payload), message.header.codec));
  }

  static void Start(std::shared_ptr<GrpcAttempt> attempt,
                    std::shared_ptr<grpc::Channel> channel) {
    GrpcAttempt& started = *attempt;
    started.channel_ = channel;
    started.self_ = std::move(attempt);
    grpc::GenericStub(std::move(channel))
        .PrepareUnaryCall(&started.context_, started.path_, {},
                          &started.request_, &started.response_, &started);
    started.StartCall();
  }

  void Cancel() override { context_.TryCancel(); }

  // All that is gRPC's goes before `on_done` is told, but for the context,
  // which has let go of its call.
  void OnDone(const grpc::Status& status) override {
    ControlPlane::Outcome outcome = OutcomeOf(status);
    ControlPlane::OnDone on_done = std::move(on_done_);
    request_.Clear();
    response_.Clear();
    channel_.reset();
    self_.reset();
    std::move(on_done)(std::move(outcome));
  }

 private:
  static std::string HeaderOf(ControlPlane::Message& message) {
    v1::CallHeader header;
    header.set_sender(message.sender.value());
    header.set_target(message.target.value());
    header.set_kind(static_cast<std::uint32_t>(message.header.kind));
    header.set_flags(message.header.flags);
    header.set_codec(static_cast<std::uint32_t>(message.header.codec));
    header.set_call_id(message.header.call_id);
    header.set_budget(message.header.budget);
    header.set_metadata(std::move(message.metadata));
    return header.SerializeAsString();
  }

  ControlPlane::Outcome OutcomeOf(const grpc::Status& status) const {
    ControlPlane::Outcome outcome;
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto found = trailers.find(kReplyHeader);
    v1::ReplyHeader header;
    header.set_codec(static_cast<std::uint32_t>(codec_));
    const bool is_answer =
        found != trailers.end() &&
        header.ParseFromArray(found->second.data(),
                              static_cast<int>(found->second.size()));
    outcome.reply.status = FromGrpc(status);
    if (!status.ok()) {
      const bool ran = (header.flags() & kNotRun) == 0;
      outcome.end = !is_answer ? AttemptEnd::kLost
                    : ran      ? AttemptEnd::kRan
                               : AttemptEnd::kUnsent;
      return outcome;
    }
    outcome.reply.codec = static_cast<Codec>(header.codec());
    absl::StatusOr<transport::Buffer> value = ToBuffer(response_);
    if (value.ok()) {
      outcome.reply.payload = *std::move(value);
    } else {
      outcome.reply.status = value.status();
    }
    return outcome;
  }

  const Codec codec_;
  ControlPlane::OnDone on_done_;
  std::string path_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<GrpcAttempt> self_;
};

// gRPC shares the connections of channels that are alike, unless told not to.
grpc::ChannelArguments ChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // What gRPC calls so bounds an attempt to connect, its TLS handshake
  // included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  // The server limits what it takes, and the caller knows what it asked for.
  arguments.SetMaxReceiveMessageSize(-1);
  return arguments;
}

class GrpcControlPlane final : public ControlPlane {
 public:
  GrpcControlPlane(std::shared_ptr<grpc::ChannelCredentials> credentials,
                   const grpc::ChannelArguments& arguments)
      : credentials_(std::move(credentials)), arguments_(arguments) {}

  std::shared_ptr<Attempt> Start(Message message, OnDone on_done) override {
    std::shared_ptr<grpc::Channel> channel = ChannelTo(message.address);
    auto attempt =
        std::make_shared<GrpcAttempt>(std::move(message), std::move(on_done));
    GrpcAttempt::Start(attempt, std::move(channel));
    return attempt;
  }

 private:
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
    MutexLock lock(mutex_);
    std::shared_ptr<grpc::Channel>& channel = channels_[address];
    if (channel == nullptr) {
      channel = grpc::CreateCustomChannel(address, credentials_, arguments_);
    }
    std::shared_ptr<grpc::Channel> used = channel;
    if (channels_.size() > kMaxChannels) {
      std::erase_if(channels_, [](const auto& entry) {
        return entry.second.use_count() == 1;
      });
    }
    return used;
  }

  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const grpc::ChannelArguments arguments_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<ControlPlane>> MakeGrpcControlPlane(
    const TlsClientFiles& tls) {
  grpc::ChannelArguments arguments = ChannelArguments();
  const auto now = MakeChannelCredentials(tls, arguments);
  if (!now.ok()) return now.status();
  return std::make_shared<GrpcControlPlane>(
      FollowChannelCredentials(tls, arguments), arguments);
}

}  // namespace am::control
