#include "am/control/grpc_caller.h"

#include <grpc/grpc.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "am/control/channel_credentials.h"
#include "am/control/rpc_status.h"
#include "am/mutex.h"

namespace am::control {
namespace {

constexpr absl::string_view kNotReached = "am.control/not_reached";

grpc::ByteBuffer ToBytes(absl::string_view text) {
  const grpc::Slice slice(text.data(), text.size());
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToText(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!bytes.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

std::chrono::system_clock::time_point After(absl::Duration timeout) {
  return std::chrono::system_clock::now() +
         absl::ToChronoMilliseconds(std::min(timeout, absl::Hours(24)));
}

// One request, and responses one at a time: the next is read when the one
// before was taken.
class ResponseStream final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  enum class Next { kResponse, kEnd, kSilence };

  void Start(grpc::GenericStub& stub, grpc::ClientContext& context,
             const std::string& path, absl::string_view request) {
    request_ = ToBytes(request);
    stub.PrepareBidiStreamingCall(&context, path, {}, this);
    AddHold();  // Reads begin outside of reactions.
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&response_);
    StartCall();
  }

  Next Await(absl::Duration timeout) {
    MutexLock lock(mutex_);
    bool in_time = true;
    while (in_time && !is_read_ && !status_.has_value()) {
      in_time = changed_.WaitFor(mutex_, timeout);
    }
    if (is_read_) return Next::kResponse;
    return status_.has_value() ? Next::kEnd : Next::kSilence;
  }

  // REQUIRES: Await has returned kResponse.
  std::string Take() {
    std::string text = ToText(response_);
    {
      MutexLock lock(mutex_);
      is_read_ = false;
    }
    StartRead(&response_);
    return text;
  }

  // REQUIRES: Await has returned kEnd.
  grpc::Status status() {
    MutexLock lock(mutex_);
    return *status_;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    MutexLock lock(mutex_);
    is_read_ = true;
    changed_.NotifyAll();
  }

  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mutex_);
    status_ = status;
    changed_.NotifyAll();
  }

 private:
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Mutex mutex_;
  CondVar changed_;
  bool is_read_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);
};

class ChannelCaller final : public GrpcCaller {
 public:
  ChannelCaller(std::string address, std::shared_ptr<grpc::Channel> channel)
      : address_(std::move(address)),
        channel_(std::move(channel)),
        stub_(channel_) {}

  absl::StatusOr<std::string> Call(const std::string& method,
                                   absl::string_view request,
                                   const Options& options) override {
    grpc::ClientContext context;
    Prepare(context, options);
    context.set_deadline(After(options.timeout));
    const std::stop_callback cancel(options.stop,
                                    [&context] { context.TryCancel(); });
    const grpc::ByteBuffer in = ToBytes(request);
    grpc::ByteBuffer out;
    // The callback may return after we do.
    const auto ended = std::make_shared<std::promise<grpc::Status>>();
    stub_.UnaryCall(
        &context, absl::StrCat("/", method), {}, &in, &out,
        [ended](grpc::Status status) { ended->set_value(std::move(status)); });
    const absl::Status status = Outcome(ended->get_future().get());
    if (!status.ok()) return status;
    return ToText(out);
  }

  absl::Status Read(const std::string& method, absl::string_view request,
                    const Options& options,
                    const OnResponse& on_response) override {
    using Next = ResponseStream::Next;
    grpc::ClientContext context;
    Prepare(context, options);
    const std::stop_callback cancel(options.stop,
                                    [&context] { context.TryCancel(); });
    ResponseStream stream;
    stream.Start(stub_, context, absl::StrCat("/", method), request);
    const bool is_silent = stream.Await(options.timeout) == Next::kSilence;
    if (is_silent) context.TryCancel();
    bool is_enough = false;
    while (stream.Await(absl::InfiniteDuration()) == Next::kResponse) {
      const std::string response = stream.Take();
      if (is_silent || is_enough || on_response(response)) continue;
      is_enough = true;
      context.TryCancel();
    }
    if (is_enough) return absl::OkStatus();
    if (!is_silent) return Outcome(stream.status());
    return absl::DeadlineExceededError(absl::StrCat(
        "no answer within ", absl::FormatDuration(options.timeout)));
  }

  const std::string& address() const override { return address_; }

 private:
  static void Prepare(grpc::ClientContext& context, const Options& options) {
    for (const auto& [key, value] : options.metadata) {
      context.AddMetadata(key, value);
    }
  }

  absl::Status Outcome(const grpc::Status& status) const {
    absl::Status result = FromGrpc(status);
    if (absl::IsUnavailable(result) &&
        channel_->GetState(false) != GRPC_CHANNEL_READY) {
      result.SetPayload(kNotReached, absl::Cord());
    }
    return result;
  }

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcCaller>> GrpcCaller::Make(
    const std::string& address, const TlsClientFiles& tls) {
  // gRPC would end with the last channel, perhaps while the callback of a call
  // has yet to return.
  [[maybe_unused]] static const bool stays = (grpc_init(), true);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // What gRPC calls so bounds an attempt to connect, its TLS handshake
  // included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // It takes what the server may send.
  arguments.SetMaxReceiveMessageSize(-1);
  const auto credentials = MakeChannelCredentials(tls, arguments);
  if (!credentials.ok()) return credentials.status();
  return std::make_unique<ChannelCaller>(
      address, grpc::CreateCustomChannel(address, *credentials, arguments));
}

bool WasNotReached(const absl::Status& status) {
  return status.GetPayload(kNotReached).has_value();
}

}  // namespace am::control
