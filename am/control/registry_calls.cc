#include "am/control/registry_calls.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "am/control/rpc_status.h"
#include "am/mutex.h"
#include "am/v1/registry.grpc.pb.h"

namespace am::control {
namespace {

// How many callbacks are yet to come.
class Outstanding {
 public:
  void Begin() {
    MutexLock lock(mutex_);
    ++count_;
  }
  void End() {
    MutexLock lock(mutex_);
    if (--count_ == 0) none_.NotifyAll();
  }
  void AwaitNone() {
    MutexLock lock(mutex_);
    while (count_ > 0) none_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar none_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A call as gRPC has it. Shared with who may cancel it.
template <typename Request, typename Response>
struct UnaryCall {
  grpc::ClientContext context;
  Request request;
  Response response;
};

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

// A read is always under way, so that the end is noticed.
class KeepAliveStream final
    : public grpc::ClientBidiReactor<v1::KeepAliveRequest,
                                     v1::KeepAliveResponse>,
      public std::enable_shared_from_this<KeepAliveStream> {
 public:
  KeepAliveStream(std::function<void(const v1::KeepAliveResponse&)> on_response,
                  RegistryCalls::OnEnd on_end)
      : on_response_(std::move(on_response)), on_end_(std::move(on_end)) {}

  void Start(v1::Registry::Stub& stub) {
    self_ = shared_from_this();
    stub.async()->KeepAlive(&context_, this);
    AddHold();  // Writes begin outside of reactions.
    StartRead(&response_);
    StartCall();
  }

  void Send(const v1::KeepAliveRequest& request) {
    MutexLock lock(mutex_);
    if (is_over_ || is_writing_) return;
    is_writing_ = true;
    request_ = request;
    StartWrite(&request_);
  }

  void Cancel() { context_.TryCancel(); }

  void OnWriteDone(bool) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      on_response_(response_);
      return StartRead(&response_);
    }
    {
      MutexLock lock(mutex_);
      is_over_ = true;
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<KeepAliveStream> self = std::move(self_);
    on_end_(FromGrpc(status));
  }

 private:
  const std::function<void(const v1::KeepAliveResponse&)> on_response_;
  const RegistryCalls::OnEnd on_end_;
  std::shared_ptr<KeepAliveStream> self_;  // until OnDone
  grpc::ClientContext context_;
  v1::KeepAliveResponse response_;

  Mutex mutex_;
  v1::KeepAliveRequest request_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
};

class GrpcRegistryCalls final : public RegistryCalls {
 public:
  explicit GrpcRegistryCalls(const std::string& address) : address_(address) {
    Reconnect();
  }

  ~GrpcRegistryCalls() override {
    CancelWatch();
    CancelKeepAlive();
    CancelRegister();
    outstanding_.AwaitNone();
  }

  void Register(const v1::RegisterRequest& request, absl::Duration timeout,
                std::function<void(absl::Status, v1::RegisterResponse)> on_done)
      override {
    using Call = UnaryCall<v1::RegisterRequest, v1::RegisterResponse>;
    const std::shared_ptr<Call> call = Begin<Call>(request, timeout);
    {
      MutexLock lock(mutex_);
      register_ = std::shared_ptr<grpc::ClientContext>(call, &call->context);
    }
    stub()->async()->Register(
        &call->context, &call->request, &call->response,
        [this, call, on_done = std::move(on_done)](const grpc::Status& status) {
          on_done(FromGrpc(status), call->response);
          outstanding_.End();
        });
  }

  void Deregister(const v1::DeregisterRequest& request, absl::Duration timeout,
                  OnEnd on_done) override {
    using Call = UnaryCall<v1::DeregisterRequest, v1::DeregisterResponse>;
    const std::shared_ptr<Call> call = Begin<Call>(request, timeout);
    stub()->async()->Deregister(
        &call->context, &call->request, &call->response,
        [this, call, on_done = std::move(on_done)](const grpc::Status& status) {
          on_done(FromGrpc(status));
          outstanding_.End();
        });
  }

  void StartWatch(const v1::WatchRequest& request,
                  std::function<void(v1::WatchResponse&)> on_response,
                  OnEnd on_end) override {
    auto context = std::make_shared<grpc::ClientContext>();
    outstanding_.Begin();
    {
      MutexLock lock(mutex_);
      watch_ = context;
    }
    new WatchStream(*stub(), std::move(context), request,
                    std::move(on_response), Ending(std::move(on_end)));
  }

  void StartKeepAlive(
      std::function<void(const v1::KeepAliveResponse&)> on_response,
      OnEnd on_end) override {
    auto stream = std::make_shared<KeepAliveStream>(std::move(on_response),
                                                    Ending(std::move(on_end)));
    outstanding_.Begin();
    {
      MutexLock lock(mutex_);
      keep_alive_ = stream;
    }
    stream->Start(*stub());
  }

  void SendKeepAlive(const v1::KeepAliveRequest& request) override {
    if (const auto stream = keep_alive()) stream->Send(request);
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
    std::shared_ptr<v1::Registry::Stub> made =
        v1::Registry::NewStub(grpc::CreateCustomChannel(
            address_, grpc::InsecureChannelCredentials(), arguments));
    MutexLock lock(mutex_);
    stub_ = std::move(made);
  }

 private:
  template <typename Call, typename Request>
  std::shared_ptr<Call> Begin(const Request& request, absl::Duration timeout) {
    outstanding_.Begin();
    auto call = std::make_shared<Call>();
    call->request = request;
    call->context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMilliseconds(timeout));
    return call;
  }

  OnEnd Ending(OnEnd on_end) {
    return [this, on_end = std::move(on_end)](absl::Status status) {
      on_end(std::move(status));
      outstanding_.End();
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
  Outstanding outstanding_;
  Mutex mutex_;
  std::shared_ptr<v1::Registry::Stub> stub_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::ClientContext> watch_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<grpc::ClientContext> register_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<KeepAliveStream> keep_alive_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<RegistryCalls> RegistryCalls::Make(const std::string& address) {
  return std::make_unique<GrpcRegistryCalls>(address);
}

}  // namespace am::control
