#include "am/control/registry_service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "am/control/registry_hub.h"
#include "am/control/rpc_status.h"
#include "am/control/watch_cursor.h"
#include "am/duration_proto.h"
#include "am/handler_id.h"
#include "am/v1/registry.grpc.pb.h"

namespace am::control {
namespace {

constexpr std::size_t kMaxPage = 1000;
constexpr std::size_t kMaxPageBytes = 2 * 1024 * 1024;  // gRPC takes 4 MiB

// Filters name handlers as people do.
v1::InstanceFilter Completed(v1::InstanceFilter filter) {
  if (!filter.handler_name().empty()) {
    filter.set_handler_name(FullHandlerName(filter.handler_name()));
  }
  return filter;
}

// Answers each request of one stream before it reads the next.
class KeepAliveReactor final
    : public grpc::ServerBidiReactor<v1::KeepAliveRequest,
                                     v1::KeepAliveResponse> {
 public:
  explicit KeepAliveReactor(RegistryHub& hub) : hub_(hub) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    const absl::Duration left =
        hub_.Change([this](RegistryState& state, absl::Time now) {
          return state.KeepAlive(InstanceId(request_.id()), request_.epoch(),
                                 request_.outstanding(), now);
        });
    response_.set_id(request_.id());
    response_.clear_ttl();
    if (left > absl::ZeroDuration()) ToProto(left, *response_.mutable_ttl());
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  RegistryHub& hub_;
  v1::KeepAliveRequest request_;
  v1::KeepAliveResponse response_;
};

// Writes what the cursor has, one response at a time: a slow reader slows down
// nobody else.
class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchResponse>,
                           private ViewWatcher {
 public:
  WatchReactor(RegistryHub& hub, v1::WatchRequest request)
      : hub_(hub), cursor_(request, hub.generation()) {
    hub_.AddWatcher(*this);
    OnChange();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
    ok ? WriteNext() : End();
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    End();
  }

  void OnDone() override {
    hub_.RemoveWatcher(*this);
    delete this;
  }

 private:
  void OnChange() override {
    MutexLock lock(mutex_);
    WriteNext();
  }

  // gRPC runs no reaction within these calls.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || has_ended_) return;
    is_writing_ = hub_.Read([this](const RegistryView& view) {
      return cursor_.Next(view, response_);
    });
    if (is_writing_) StartWrite(&response_);
  }

  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!std::exchange(has_ended_, true)) Finish(grpc::Status::CANCELLED);
  }

  RegistryHub& hub_;
  Mutex mutex_;
  WatchCursor cursor_;
  v1::WatchResponse response_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

class GrpcRegistry final : public v1::Registry::CallbackService {
 public:
  explicit GrpcRegistry(const RegistryOptions& options) : hub_(options) {}

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterRequest* request,
                                     v1::RegisterResponse* response) override {
    const absl::StatusOr<Lease> lease =
        hub_.Change([&](RegistryState& state, absl::Time now) {
          return state.Register(request->instance(), FromProto(request->ttl()),
                                now);
        });
    if (lease.ok()) {
      response->set_epoch(lease->epoch);
      ToProto(lease->ttl, *response->mutable_ttl());
    }
    return Done(context, lease.status());
  }

  grpc::ServerBidiReactor<v1::KeepAliveRequest, v1::KeepAliveResponse>*
  KeepAlive(grpc::CallbackServerContext*) override {
    return new KeepAliveReactor(hub_);
  }

  grpc::ServerUnaryReactor* Deregister(grpc::CallbackServerContext* context,
                                       const v1::DeregisterRequest* request,
                                       v1::DeregisterResponse*) override {
    return Done(context, hub_.Change([&](RegistryState& state, absl::Time) {
      return state.Deregister(InstanceId(request->id()), request->epoch());
    }));
  }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const v1::GetRequest* request,
                                v1::Instance* response) override {
    const InstanceId id(request->id());
    const RecordPtr record =
        hub_.Read([&](const RegistryView& view) { return view.Find(id); });
    if (record == nullptr) {
      return Done(context, absl::NotFoundError("no instance " + id.ToString() +
                                               " is registered"));
    }
    *response = *record;
    return Done(context, absl::OkStatus());
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListRequest* request,
                                 v1::ListResponse* response) override {
    return Done(context, FillPage(*request, *response));
  }

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(
      grpc::CallbackServerContext*, const v1::WatchRequest* request) override {
    v1::WatchRequest completed = *request;
    *completed.mutable_filter() = Completed(request->filter());
    return new WatchReactor(hub_, std::move(completed));
  }

  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const v1::ResolveRequest* request,
                                    v1::ResolveResponse* response) override {
    const auto found = hub_.Change([&](RegistryState& state, absl::Time) {
      return state.Resolve(*request);
    });
    if (!found.ok()) return Done(context, found.status());
    for (const RecordPtr& record : *found) *response->add_instances() = *record;
    return Done(context, absl::OkStatus());
  }

 private:
  static grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context,
                                        const absl::Status& status) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(status));
    return reactor;
  }

  absl::Status FillPage(const v1::ListRequest& request,
                        v1::ListResponse& response) {
    if (request.page_size() < 0) {
      return absl::InvalidArgumentError("page_size is negative");
    }
    const v1::InstanceFilter filter = Completed(request.filter());
    const absl::StatusOr<InstanceId> after =
        hub_.page_tokens().Read(filter, request.page_token());
    if (!after.ok()) return after.status();
    const auto asked = static_cast<std::size_t>(request.page_size());
    const std::size_t size = asked == 0 ? kMaxPage : std::min(asked, kMaxPage);
    bool more = false;
    const std::vector<RecordPtr> page =
        hub_.Read([&](const RegistryView& view) {
          return view.Page(filter, *after, size, more);
        });
    std::size_t bytes = 0;
    for (const RecordPtr& record : page) {
      if (bytes > kMaxPageBytes) {
        more = true;
        break;
      }
      bytes += record->ByteSizeLong();
      *response.add_instances() = *record;
    }
    if (more) {
      const v1::Instance& last = *response.instances().rbegin();
      response.set_next_page_token(hub_.page_tokens().Make(filter, IdOf(last)));
    }
    return absl::OkStatus();
  }

  RegistryHub hub_;
};

class MemoryRegistryService final : public RegistryService {
 public:
  explicit MemoryRegistryService(const RegistryOptions& options)
      : service_(options) {}

  grpc::Service& grpc_service() override { return service_; }

 private:
  GrpcRegistry service_;
};

}  // namespace

std::unique_ptr<RegistryService> RegistryService::Make(
    const RegistryOptions& options) {
  return std::make_unique<MemoryRegistryService>(options);
}

}  // namespace am::control
