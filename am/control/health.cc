#include "am/control/health.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace am::control {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// One who watches. Writes one response at a time; what changes meanwhile is
// looked at after it.
class Health::Watcher final
    : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  Watcher(Health& health, std::string service)
      : health_(health), service_(std::move(service)) {
    {
      MutexLock lock(health_.mutex_);
      health_.watchers_.insert(this);
    }
    Update();
  }

  void Update() {
    MutexLock lock(mutex_);
    Write();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
    if (ok) {
      Write();
    } else {
      End();
    }
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    End();
  }

  void OnDone() override {
    {
      MutexLock lock(health_.mutex_);
      health_.watchers_.erase(this);
    }
    delete this;
  }

 private:
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || has_ended_) return;
    const Status status = health_.source_(service_);
    if (told_ == status) return;
    told_ = status;
    response_.set_status(status);
    is_writing_ = true;
    StartWrite(&response_);
  }

  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (has_ended_) return;
    has_ended_ = true;
    Finish(grpc::Status::CANCELLED);
  }

  Health& health_;
  const std::string service_;
  Mutex mutex_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Status> told_ ABSL_GUARDED_BY(mutex_);
  HealthCheckResponse response_;
};

void Health::Update() {
  MutexLock lock(mutex_);
  for (Watcher* const watcher : watchers_) watcher->Update();
}

grpc::ServerUnaryReactor* Health::Check(grpc::CallbackServerContext* context,
                                        const HealthCheckRequest* request,
                                        HealthCheckResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const Status status = source_(request->service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    reactor->Finish({grpc::StatusCode::NOT_FOUND,
                     absl::StrCat("no service ", request->service())});
  } else {
    response->set_status(status);
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* Health::Watch(
    grpc::CallbackServerContext*, const HealthCheckRequest* request) {
  return new Watcher(*this, request->service());
}

}  // namespace am::control
