#include "bench/grpc_contestant.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/flow.h"
#include "bench/grpc_server.h"
#include "bench/payload.h"
#include "bench/pinger.grpc.pb.h"

namespace am::bench {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

// A method as the callers below need it. Check: whether a reply is OK and what
// it should be.
struct PingCalls {
  using Reply = google::protobuf::Empty;
  static constexpr auto kBlocking = &Pinger::Stub::Ping;

  template <typename... Arguments>
  static void Start(Pinger::Stub& stub, Arguments&&... arguments) {
    stub.async()->Ping(std::forward<Arguments>(arguments)...);
  }
  static absl::Status Check(const grpc::Status& status, const Data&,
                            const Reply&) {
    return FromGrpc(status);
  }
};

struct EchoCalls {
  using Reply = Data;
  static constexpr auto kBlocking = &Pinger::Stub::Echo;

  template <typename... Arguments>
  static void Start(Pinger::Stub& stub, Arguments&&... arguments) {
    stub.async()->Echo(std::forward<Arguments>(arguments)...);
  }
  static absl::Status Check(const grpc::Status& status, const Data& request,
                            const Reply& reply) {
    if (!status.ok()) return FromGrpc(status);
    if (reply.payload() == request.payload()) return absl::OkStatus();
    return absl::DataLossError("the answer differs");
  }
};

using ChannelMaker = std::function<std::shared_ptr<grpc::Channel>()>;

// One call after another, over one channel, or a new one for each.
template <typename Calls>
class BlockingGrpcCaller final : public Caller {
 public:
  BlockingGrpcCaller(ChannelMaker make_channel, const Setting& setting,
                     bool connects)
      : make_channel_(std::move(make_channel)),
        connects_(connects),
        stub_(make_channel_()),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      request_.set_payload(payloads_.Next());
      const Recorder::Moment begun = recorder.Begin();
      if (connects_) stub_.emplace(make_channel_());
      grpc::ClientContext context;
      SetDeadline(context);
      const grpc::Status result =
          ((*stub_).*Calls::kBlocking)(&context, request_, &reply_);
      recorder.End(begun);
      status = Calls::Check(result, request_, reply_);
    }
    return status;
  }

 private:
  const ChannelMaker make_channel_;
  const bool connects_;
  std::optional<Pinger::Stub> stub_;
  PayloadMaker payloads_;
  Data request_;
  typename Calls::Reply reply_;
};

template <typename Calls>
class CallbackGrpcCaller final : public Caller {
 public:
  CallbackGrpcCaller(const std::string& address, const Setting& setting,
                     int channels)
      : flow_(setting), calls_(static_cast<std::size_t>(setting.in_flight)) {
    for (int i = 0; i < channels; ++i) {
      stubs_.push_back(std::make_unique<Pinger::Stub>(MakeChannel(address)));
    }
  }

  absl::Status Run(Recorder& recorder) override {
    return flow_.Run(recorder, [this](Flow::Slot& slot) { Begin(slot); });
  }

 private:
  // The context of a slot's last call lives until the next one, or the end of
  // the caller: the last to let go of a channel must not be a thread of gRPC's.
  struct Call {
    std::optional<grpc::ClientContext> context;
    Data request;
    typename Calls::Reply reply;
  };

  void Begin(Flow::Slot& slot) {
    Call& call = calls_[slot.number()];
    call.context.emplace();
    SetDeadline(*call.context);
    call.request.set_payload(slot.payload());
    Calls::Start(
        *stubs_[slot.number() % stubs_.size()], &*call.context, &call.request,
        &call.reply, [this, &slot, &call](const grpc::Status& status) {
          flow_.End(slot, Calls::Check(status, call.request, call.reply));
        });
  }

  std::vector<std::unique_ptr<Pinger::Stub>> stubs_;
  Flow flow_;
  std::vector<Call> calls_;  // by the number of their slots
};

class GrpcContestant final : public Contestant {
 public:
  explicit GrpcContestant(const GrpcStyle& style)
      : style_(style), name_(NameOf(style)) {}

  absl::string_view name() const override { return name_; }

  absl::StatusOr<std::unique_ptr<Server>> Serve(
      const Setting& setting) override {
    if (style_.serving == GrpcServing::kPlain) {
      return MakePlainGrpcServer(setting);
    }
    return MakeBridgeServer(style_.serving == GrpcServing::kLateBridge);
  }

  absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting& setting, const std::string& address) override {
    if (style_.calling == GrpcCalling::kInProcess) {
      absl::StatusOr<std::unique_ptr<GrpcServer>> server =
          MakePlainGrpcServer(setting);
      if (!server.ok()) return server.status();
      local_server_ = *std::move(server);
    }
    if (style_.method == PingerMethod::kPing) {
      return MakeCaller<PingCalls>(setting, address);
    }
    return MakeCaller<EchoCalls>(setting, address);
  }

 private:
  template <typename Calls>
  std::unique_ptr<Caller> MakeCaller(const Setting& setting,
                                     const std::string& address) {
    if (style_.calling == GrpcCalling::kCallback) {
      return std::make_unique<CallbackGrpcCaller<Calls>>(address, setting,
                                                         style_.channels);
    }
    return std::make_unique<BlockingGrpcCaller<Calls>>(
        [this, address] { return ChannelTo(address); }, setting,
        style_.calling == GrpcCalling::kConnect);
  }

  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
    if (style_.calling != GrpcCalling::kInProcess) return MakeChannel(address);
    return local_server_->InProcessChannel();
  }

  const GrpcStyle style_;
  const std::string name_;
  std::unique_ptr<GrpcServer> local_server_;
};

}  // namespace

std::string NameOf(const GrpcStyle& style) {
  constexpr const char* kCalling[] = {"blocking", "callback", "connect",
                                      "in_process"};
  std::string name =
      absl::StrCat("grpc_", kCalling[static_cast<int>(style.calling)], "_",
                   NameOf(style.method));
  if (style.channels > 1)
    absl::StrAppend(&name, "_", style.channels, "_channels");
  if (style.serving == GrpcServing::kBridge) absl::StrAppend(&name, "_bridge");
  if (style.serving == GrpcServing::kLateBridge) {
    absl::StrAppend(&name, "_late_bridge");
  }
  return name;
}

std::unique_ptr<Contestant> MakeGrpcContestant(const GrpcStyle& style) {
  return std::make_unique<GrpcContestant>(style);
}

}  // namespace am::bench
