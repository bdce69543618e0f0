#include "am/control/etcd/etcd_calls.h"

#include <grpcpp/grpcpp.h>

#include <limits>
#include <utility>

#include "am/control/channel_credentials.h"
#include "am/control/client_calls.h"
#include "am/control/etcd/rpc.grpc.pb.h"
#include "am/mutex.h"

namespace am::control {
namespace {

using etcdserverpb::KV;
using etcdserverpb::LeaseKeepAliveRequest;
using etcdserverpb::LeaseKeepAliveResponse;
using etcdserverpb::WatchRequest;
using etcdserverpb::WatchResponse;

constexpr absl::Duration kTimeout = absl::Seconds(3);

// An etcd that has hung is noticed after this long; it closes connections that
// ask more often than every 5 s.
constexpr int kPingEveryMs = 10'000;
constexpr int kPingTimeoutMs = 5'000;

using WatchStream = BidiStream<WatchRequest, WatchResponse>;
using KeepAliveStream =
    BidiStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const TlsClientFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  // A batch of a watch has as many bytes as etcd finds right.
  arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
  const auto credentials = FollowChannelCredentials(tls, arguments);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

class GrpcEtcdCalls final : public EtcdCalls {
 public:
  explicit GrpcEtcdCalls(const std::shared_ptr<grpc::Channel>& channel)
      : kv_(channel), watches_(channel), leases_(channel) {}

  ~GrpcEtcdCalls() override { GrpcEtcdCalls::Close(); }

  void Close() override {
    CancelWatch();
    CancelKeepAlive();
    under_way_.AwaitNone();
  }

  void Range(const etcdserverpb::RangeRequest& request,
             OnDone<etcdserverpb::RangeResponse> on_done) override {
    Call(request, std::move(on_done), [this](auto... arguments) {
      kv_.async()->Range(std::move(arguments)...);
    });
  }

  void Txn(const etcdserverpb::TxnRequest& request,
           OnDone<etcdserverpb::TxnResponse> on_done) override {
    Call(request, std::move(on_done), [this](auto... arguments) {
      kv_.async()->Txn(std::move(arguments)...);
    });
  }

  void Compact(const etcdserverpb::CompactionRequest& request,
               OnDone<etcdserverpb::CompactionResponse> on_done) override {
    Call(request, std::move(on_done), [this](auto... arguments) {
      kv_.async()->Compact(std::move(arguments)...);
    });
  }

  void Grant(absl::Duration ttl,
             OnDone<etcdserverpb::LeaseGrantResponse> on_done) override {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(absl::ToInt64Seconds(absl::Ceil(ttl, absl::Seconds(1))));
    Call(request, std::move(on_done), [this](auto... arguments) {
      leases_.async()->LeaseGrant(std::move(arguments)...);
    });
  }

  void Revoke(std::int64_t lease) override {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(lease);
    const OnDone<etcdserverpb::LeaseRevokeResponse> on_done =
        [](const absl::Status&, const auto&) {};
    Call(request, on_done, [this](auto... arguments) {
      leases_.async()->LeaseRevoke(std::move(arguments)...);
    });
  }

  void StartWatch(const etcdserverpb::WatchCreateRequest& request,
                  OnResponse<WatchResponse> on_response,
                  OnEnd on_end) override {
    auto stream = std::make_shared<WatchStream>(std::move(on_response),
                                                Ending(std::move(on_end)));
    {
      MutexLock lock(mutex_);
      watch_ = stream;
    }
    stream->Start([this](auto* context, auto* reactor) {
      watches_.async()->Watch(context, reactor);
    });
    WatchRequest create;
    *create.mutable_create_request() = request;
    stream->Send(std::move(create));
  }

  void StartKeepAlive(OnResponse<LeaseKeepAliveResponse> on_response,
                      OnEnd on_end) override {
    auto stream = std::make_shared<KeepAliveStream>(std::move(on_response),
                                                    Ending(std::move(on_end)));
    {
      MutexLock lock(mutex_);
      keep_alive_ = stream;
    }
    stream->Start([this](auto* context, auto* reactor) {
      leases_.async()->LeaseKeepAlive(context, reactor);
    });
  }

  void SendKeepAlive(std::int64_t lease) override {
    LeaseKeepAliveRequest request;
    request.set_id(lease);
    if (const auto stream = keep_alive()) stream->Send(std::move(request));
  }

  void CancelWatch() override {
    std::shared_ptr<WatchStream> stream;
    {
      MutexLock lock(mutex_);
      stream = watch_.lock();
    }
    if (stream != nullptr) stream->Cancel();
  }

  void CancelKeepAlive() override {
    if (const auto stream = keep_alive()) stream->Cancel();
  }

 private:
  // `start` makes the call; as the method of a stub.
  template <typename Request, typename Response, typename Start>
  void Call(const Request& request, OnDone<Response> on_done, Start start) {
    using Unary = UnaryCall<Request, Response>;
    const auto call = std::make_shared<Unary>(request, kTimeout);
    start(&call->context, &call->request, &call->response,
          Unary::Ending(call, std::move(on_done), under_way_));
  }

  OnEnd Ending(OnEnd on_end) {
    under_way_.Begin();
    return [this, on_end = std::move(on_end)](absl::Status status) {
      on_end(std::move(status));
      under_way_.End();
    };
  }

  std::shared_ptr<KeepAliveStream> keep_alive() {
    MutexLock lock(mutex_);
    return keep_alive_.lock();
  }

  KV::Stub kv_;
  etcdserverpb::Watch::Stub watches_;
  etcdserverpb::Lease::Stub leases_;
  CallsUnderWay under_way_;
  Mutex mutex_;
  std::weak_ptr<WatchStream> watch_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<KeepAliveStream> keep_alive_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<EtcdCalls> EtcdCalls::Make(const std::string& address,
                                           const TlsClientFiles& tls) {
  return std::make_unique<GrpcEtcdCalls>(MakeChannel(address, tls));
}

}  // namespace am::control
