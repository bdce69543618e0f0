#include "am/control/registry_calls.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "am/control/channel_credentials.h"
#include "am/control/client_calls.h"
#include "am/control/rpc_status.h"
#include "am/mutex.h"
#include "am/v1/registry.grpc.pb.h"

namespace am::control {
namespace {

// Reads until the stream ends, and then deletes itself.
class WatchStream final : public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  WatchStream(v1::Registry::Stub& stub,
              std::shared_ptr<grpc::ClientContext> context,
              const v1::WatchRequest& request,
              std::function<void(v1::WatchResponse&)> on_response,
              RegistryCalls::OnEnd on_end)
      : context_(std::move(context)),
        request_(request),
        on_response_(std::move(on_response)),
        on_end_(std::move(on_end)) {
    stub.async()->Watch(context_.get(), &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    on_response_(response_);
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    const auto on_end = std::move(on_end_);
    delete this;
    on_end(FromGrpc(status));
  }

 private:
  const std::shared_ptr<grpc::ClientContext> context_;
  const v1::WatchRequest request_;
  const std::function<void(v1::WatchResponse&)> on_response_;
  RegistryCalls::OnEnd on_end_;
  v1::WatchResponse response_;
};

using KeepAliveStream = BidiStream<v1::KeepAliveRequest, v1::KeepAliveResponse>;

class GrpcRegistryCalls final : public RegistryCalls {
 public:
  GrpcRegistryCalls(const std::string& address, const TlsClientFiles& tls)
      : address_(address), tls_(tls) {
    Reconnect();
  }

  ~GrpcRegistryCalls() override {
    CancelWatch();
    CancelKeepAlive();
    CancelRegister();
    under_way_.AwaitNone();
  }

  void Register(const v1::RegisterRequest& request, absl::Duration timeout,
                std::function<void(absl::Status, v1::RegisterResponse)> on_done)
      override {
    using Call = UnaryCall<v1::RegisterRequest, v1::RegisterResponse>;
    const auto call = std::make_shared<Call>(request, timeout);
    {
      MutexLock lock(mutex_);
      register_ = std::shared_ptr<grpc::ClientContext>(call, &call->context);
    }
    stub()->async()->Register(
        &call->context, &call->request, &call->response,
        Call::Ending(call, std::move(on_done), under_way_));
  }

  void Deregister(const v1::DeregisterRequest& request, absl::Duration timeout,
                  OnEnd on_done) override {
    using Call = UnaryCall<v1::DeregisterRequest, v1::DeregisterResponse>;
    const auto call = std::make_shared<Call>(request, timeout);
    const Call::OnDone on_ended = [on_done = std::move(on_done)](
                                      absl::Status status, const auto&) {
      on_done(std::move(status));
    };
    stub()->async()->Deregister(&call->context, &call->request, &call->response,
                                Call::Ending(call, on_ended, under_way_));
  }

  void StartWatch(const v1::WatchRequest& request,
                  std::function<void(v1::WatchResponse&)> on_response,
                  OnEnd on_end) override {
    auto context = std::make_shared<grpc::ClientContext>();
    under_way_.Begin();
    {
      MutexLock lock(mutex_);
      watch_ = context;
    }
    new WatchStream(*stub(), std::move(context), request,
                    std::move(on_response), Ending(std::move(on_end)));
  }

  void StartKeepAlive(std::function<void(v1::KeepAliveResponse&)> on_response,
                      OnEnd on_end) override {
    auto stream = std::make_shared<KeepAliveStream>(std::move(on_response),
                                                    Ending(std::move(on_end)));
    under_way_.Begin();
    {
      MutexLock lock(mutex_);
      keep_alive_ = stream;
    }
    stream->Start([stub = stub()](auto* context, auto* reactor) {
      stub->async()->KeepAlive(context, reactor);
    });
  }

  void SendKeepAlive(const v1::KeepAliveRequest& request) override {
    const auto stream = keep_alive();
    if (stream != nullptr && stream->waiting() == 0) stream->Send(request);
  }

  void CancelWatch() override {
    std::shared_ptr<grpc::ClientContext> watch;
    {
      MutexLock lock(mutex_);
      watch = std::exchange(watch_, nullptr);
    }
    if (watch != nullptr) watch->TryCancel();
  }

  void CancelKeepAlive() override {
    if (const auto stream = keep_alive()) stream->Cancel();
  }

  // gRPC shares the connections of channels that are alike, unless told not to.
  void Reconnect() override {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    const auto credentials = FollowChannelCredentials(tls_, arguments);
    std::shared_ptr<v1::Registry::Stub> made = v1::Registry::NewStub(
        grpc::CreateCustomChannel(address_, credentials, arguments));
    MutexLock lock(mutex_);
    stub_ = std::move(made);
  }

 private:
  OnEnd Ending(OnEnd on_end) {
    return [this, on_end = std::move(on_end)](absl::Status status) {
      on_end(std::move(status));
      under_way_.End();
    };
  }

  std::shared_ptr<v1::Registry::Stub> stub() {
    MutexLock lock(mutex_);
    return stub_;
  }
  void CancelRegister() {
    std::shared_ptr<grpc::ClientContext> context;
    {
      MutexLock lock(mutex_);
      context = register_.lock();
    }
    if (context != nullptr) context->TryCancel();
  }

  std::shared_ptr<KeepAliveStream> keep_alive() {
    MutexLock lock(mutex_);
    return keep_alive_.lock();
  }

  const std::string address_;
  const TlsClientFiles tls_;
  CallsUnderWay under_way_;
  Mutex mutex_;
  std::shared_ptr<v1::Registry::Stub> stub_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::ClientContext> watch_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<grpc::ClientContext> register_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<KeepAliveStream> keep_alive_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<RegistryCalls> RegistryCalls::Make(const std::string& address,
                                                   const TlsClientFiles& tls) {
  return std::make_unique<GrpcRegistryCalls>(address, tls);
}

}  // namespace am::control
