#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "am/mutex.h"
#include "src/proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/am/control/control_fixture.h"

namespace am::control {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

absl::Status Nothing(Context&, const std::string&) { return absl::OkStatus(); }

class HealthTest : public ControlTest {
 protected:
  void SetUp() override {
    Start();
    stub_ = grpc::health::v1::Health::NewStub(channel_);
  }

  grpc::Status Check(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    grpc::ClientContext context;
    Limit(context);
    return Await([&](auto done) {
      stub_->async()->Check(&context, &request, &response_, std::move(done));
    });
  }

  std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  HealthCheckResponse response_;
};

TEST_F(HealthTest, TheInstanceServes) {
  EXPECT_TRUE(Check("").ok());
  EXPECT_EQ(response_.status(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, AServiceServesWhileItHasAHandler) {
  EXPECT_EQ(Check("am.v1.Handlers").error_code(), grpc::StatusCode::NOT_FOUND);
  ASSERT_TRUE(manager_->RegisterAck("check", Nothing).ok());
  EXPECT_TRUE(Check("am.v1.Handlers").ok());
  EXPECT_EQ(response_.status(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, AfterAShutdownNothingServes) {
  ASSERT_TRUE(manager_->Shutdown().ok());
  EXPECT_TRUE(Check("").ok());
  EXPECT_EQ(response_.status(), HealthCheckResponse::NOT_SERVING);
}

// Follows a service.
class Watcher final : public grpc::ClientReadReactor<HealthCheckResponse> {
 public:
  Watcher(grpc::health::v1::Health::Stub& stub, const std::string& service) {
    request_.set_service(service);
    Limit(context_);
    stub.async()->Watch(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  ~Watcher() override {
    context_.TryCancel();
    ended_.get_future().wait();
  }

  // Whether it becomes so.
  bool Sees(HealthCheckResponse::ServingStatus status) {
    MutexLock lock(mutex_);
    bool in_time = true;
    while (seen_ != status && in_time) {
      in_time = changed_.WaitFor(mutex_, absl::Seconds(10));
    }
    return seen_ == status;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      MutexLock lock(mutex_);
      seen_ = response_.status();
      changed_.NotifyAll();
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override { ended_.set_value(status); }

 private:
  HealthCheckRequest request_;
  grpc::ClientContext context_;
  HealthCheckResponse response_;
  std::promise<grpc::Status> ended_;
  Mutex mutex_;
  CondVar changed_;
  HealthCheckResponse::ServingStatus seen_ ABSL_GUARDED_BY(mutex_) =
      HealthCheckResponse::UNKNOWN;
};

TEST_F(HealthTest, AWatcherSeesEachChange) {
  Watcher watcher(*stub_, "am.v1.Handlers");
  EXPECT_TRUE(watcher.Sees(HealthCheckResponse::SERVICE_UNKNOWN));
  ASSERT_TRUE(manager_->RegisterAck("check", Nothing).ok());
  EXPECT_TRUE(watcher.Sees(HealthCheckResponse::SERVING));
  ASSERT_TRUE(manager_->Shutdown().ok());
  EXPECT_TRUE(watcher.Sees(HealthCheckResponse::NOT_SERVING));
}

TEST_F(HealthTest, AServerThatIsWatchedEnds) {
  Watcher watcher(*stub_, "");
  EXPECT_TRUE(watcher.Sees(HealthCheckResponse::SERVING));
  server_.reset();
}

}  // namespace
}  // namespace am::control
