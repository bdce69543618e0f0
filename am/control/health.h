// Health: grpc.health.v1 for an instance and each of its services.
//
// "" is the instance, and is SERVING until it drains. So is each service with
// a handler; another name is NOT_FOUND to Check and SERVICE_UNKNOWN to Watch,
// which tells of every change.
//
// Threads: any. It must outlive its server.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "am/mutex.h"
#include "src/proto/grpc/health/v1/health.grpc.pb.h"

namespace am::control {

class Health final : public grpc::health::v1::Health::CallbackService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  // How a service is; SERVICE_UNKNOWN if there is none. Any thread.
  using Source = std::function<Status(const std::string& service)>;

  explicit Health(Source source) : source_(std::move(source)) {}

  // Something has changed: tells who watches.
  void Update();

  grpc::ServerUnaryReactor* Check(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request,
      grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;

  const Source source_;
  Mutex mutex_;
  std::set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::control
