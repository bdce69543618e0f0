#include "am/control/registry_service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "am/control/page_token.h"
#include "am/control/registry_backend.h"
#include "am/control/rpc_status.h"
#include "am/control/watch_cursor.h"
#include "am/handler_id.h"
#include "am/instance_id.h"
#include "am/mutex.h"
#include "am/v1/registry.grpc.pb.h"
#include "am/wire/duration_proto.h"

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

// Answers each request of one stream before it reads the next: a read, a
// question to the backend or a write is under way, never two of them.
class KeepAliveReactor final
    : public grpc::ServerBidiReactor<v1::KeepAliveRequest,
                                     v1::KeepAliveResponse> {
 public:
  explicit KeepAliveReactor(RegistryBackend& backend) : backend_(backend) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    backend_.KeepAlive(request_, [this](absl::StatusOr<absl::Duration> left) {
      if (!left.ok()) return Finish(ToGrpc(left.status()));
      response_.set_id(request_.id());
      response_.clear_ttl();
      if (*left > absl::ZeroDuration()) {
        ToProto(*left, *response_.mutable_ttl());
      }
      StartWrite(&response_);
    });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  RegistryBackend& backend_;
  v1::KeepAliveRequest request_;
  v1::KeepAliveResponse response_;
};

// Writes what the cursor has, one response at a time: a slow reader slows down
// nobody else.
class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchResponse>,
                           private ViewWatcher {
 public:
  WatchReactor(RegistryBackend& backend, const v1::WatchRequest& request)
      : backend_(backend) {
    backend_.watchers().Add(*this);
    const absl::Status status = backend_.status();
    MutexLock lock(mutex_);
    cursor_.emplace(request, backend_.generation());
    if (status.ok()) {
      WriteNext();
    } else {
      End(status);
    }
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
    if (ok) return WriteNext();
    End(absl::CancelledError());
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    End(absl::CancelledError());
  }

  void OnDone() override {
    backend_.watchers().Remove(*this);
    delete this;
  }

 private:
  void OnChange() override {
    MutexLock lock(mutex_);
    if (cursor_.has_value()) WriteNext();
  }

  void OnLost(const absl::Status& why) override {
    MutexLock lock(mutex_);
    End(why);
  }

  // gRPC runs no reaction within these calls.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || has_ended_) return;
    backend_.Read([this](const RegistryView& view) {
      mutex_.AssertHeld();
      is_writing_ = cursor_->Next(view, response_);
    });
    if (is_writing_) StartWrite(&response_);
  }

  void End(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!std::exchange(has_ended_, true)) Finish(ToGrpc(why));
  }

  RegistryBackend& backend_;
  Mutex mutex_;
  std::optional<WatchCursor> cursor_ ABSL_GUARDED_BY(mutex_);
  v1::WatchResponse response_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

class GrpcRegistry final : public v1::Registry::CallbackService {
 public:
  explicit GrpcRegistry(std::unique_ptr<RegistryBackend> backend)
      : backend_(std::move(backend)),
        page_tokens_(
            {InstanceId::Random().value(), InstanceId::Random().value()}) {}

  RegistryBackend& backend() const { return *backend_; }

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterRequest* request,
                                     v1::RegisterResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    backend_->Register(request->instance(), FromProto(request->ttl()),
                       [reactor, response](absl::StatusOr<Lease> lease) {
                         if (lease.ok()) {
                           response->set_epoch(lease->epoch);
                           ToProto(lease->ttl, *response->mutable_ttl());
                         }
                         reactor->Finish(ToGrpc(lease.status()));
                       });
    return reactor;
  }

  grpc::ServerBidiReactor<v1::KeepAliveRequest, v1::KeepAliveResponse>*
  KeepAlive(grpc::CallbackServerContext*) override {
    return new KeepAliveReactor(*backend_);
  }

  grpc::ServerUnaryReactor* Deregister(grpc::CallbackServerContext* context,
                                       const v1::DeregisterRequest* request,
                                       v1::DeregisterResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    backend_->Deregister(InstanceId(request->id()), request->epoch(),
                         [reactor](const absl::Status& status) {
                           reactor->Finish(ToGrpc(status));
                         });
    return reactor;
  }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const v1::GetRequest* request,
                                v1::Instance* response) override {
    const InstanceId id(request->id());
    RecordPtr record;
    backend_->Read([&](const RegistryView& view) { record = view.Find(id); });
    if (record == nullptr) return Done(context, Absence(NoSuchInstance(id)));
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
    return new WatchReactor(*backend_, completed);
  }

  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const v1::ResolveRequest* request,
                                    v1::ResolveResponse* response) override {
    const auto found = backend_->Resolve(*request);
    if (absl::IsNotFound(found.status())) {
      return Done(context, Absence(found.status()));
    }
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

  // That something is not there can be said only of what is up to date.
  absl::Status Absence(const absl::Status& status) const {
    const absl::Status up_to_date = backend_->status();
    return up_to_date.ok() ? status : up_to_date;
  }

  absl::Status FillPage(const v1::ListRequest& request,
                        v1::ListResponse& response) {
    if (request.page_size() < 0) {
      return absl::InvalidArgumentError("page_size is negative");
    }
    const v1::InstanceFilter filter = Completed(request.filter());
    const absl::StatusOr<InstanceId> after =
        page_tokens_.Read(filter, request.page_token());
    if (!after.ok()) return after.status();
    const auto asked = static_cast<std::size_t>(request.page_size());
    const std::size_t size = asked == 0 ? kMaxPage : std::min(asked, kMaxPage);
    bool more = false;
    std::vector<RecordPtr> page;
    backend_->Read([&](const RegistryView& view) {
      page = view.Page(filter, *after, size, more);
    });
    if (page.empty()) return Absence(absl::OkStatus());
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
      response.set_next_page_token(page_tokens_.Make(filter, IdOf(last)));
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<RegistryBackend> backend_;
  const PageTokens page_tokens_;
};

class BackedRegistryService final : public RegistryService {
 public:
  explicit BackedRegistryService(std::unique_ptr<RegistryBackend> backend)
      : service_(std::move(backend)) {}

  grpc::Service& grpc_service() override { return service_; }
  absl::Status status() const override { return service_.backend().status(); }
  void OnStatusChange(std::function<void()> listener) override {
    service_.backend().OnStatusChange(std::move(listener));
  }

 private:
  GrpcRegistry service_;
};

}  // namespace

std::unique_ptr<RegistryService> RegistryService::Make(
    const RegistryOptions& options) {
  return Make(MakeMemoryBackend(options));
}

std::unique_ptr<RegistryService> RegistryService::Make(
    std::unique_ptr<RegistryBackend> backend) {
  return std::make_unique<BackedRegistryService>(std::move(backend));
}

}  // namespace am::control
