// Generated stubs against generated services, between two instances.
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/manager.h"
#include "am/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/golden/inference.am.h"
#include "tests/golden/inference.am.mock.h"

namespace acme::v1 {
namespace {

using ::testing::_;
using ::testing::Property;
using ::testing::Return;

std::unique_ptr<::am::Manager> MakeManager() {
  auto manager = ::am::Manager::Make();
  EXPECT_EQ(manager.status(), absl::OkStatus());
  return *std::move(manager);
}

// Two instances; the client's stub speaks to the server.
class EndToEnd : public testing::Test {
 protected:
  // A service that outlives the instances, as it must.
  template <typename Service, typename... Args>
  Service& Make(const Args&... args) {
    auto service = std::make_unique<Service>(args...);
    Service& made = *service;
    services_.push_back(std::move(service));
    return made;
  }

  InferenceAm::Client Serve(::am::Service& service) {
    EXPECT_EQ(server_->Register(service), absl::OkStatus());
    const auto peer = client_->client().Connect(server_->peer_info());
    EXPECT_EQ(peer.status(), absl::OkStatus());
    return InferenceAm::Client(client_->client(), peer->id);
  }

  void TearDown() override {
    EXPECT_EQ(client_->Shutdown(), absl::OkStatus());
    EXPECT_EQ(server_->Shutdown(), absl::OkStatus());
  }

  std::promise<void> logged_;
  std::vector<std::unique_ptr<::am::Service>> services_;
  std::unique_ptr<::am::Manager> server_ = MakeManager();
  std::unique_ptr<::am::Manager> client_ = MakeManager();
};

ComputeResult ResultOf(double sum) {
  ComputeResult result;
  result.set_sum(sum);
  return result;
}

ComputeRequest RequestOf(double value) {
  ComputeRequest request;
  request.mutable_batch()->add_values(value);
  return request;
}

TEST_F(EndToEnd, AllThreePatternsReachTheService) {
  auto& service = Make<InferenceAm::MockService>();
  EXPECT_CALL(service, Log(_, Property(&LogEntry::text, "hello")))
      .WillOnce([&] { logged_.set_value(); });
  EXPECT_CALL(service, Validate).WillOnce(Return(absl::AbortedError("no")));
  EXPECT_CALL(service, Compute).WillOnce(Return(ResultOf(3)));
  const InferenceAm::Client stub = Serve(service);

  LogEntry entry;
  entry.set_text("hello");
  EXPECT_EQ(stub.Log(entry), absl::OkStatus());
  logged_.get_future().wait();
  EXPECT_EQ(stub.Validate(Batch()).Await(), absl::AbortedError("no"));
  EXPECT_EQ(stub.Compute(RequestOf(3)).Await()->sum(), 3);
}

TEST_F(EndToEnd, WhatIsNotOverriddenIsUnimplemented) {
  const InferenceAm::Client stub = Serve(Make<InferenceAm::Service>());
  EXPECT_EQ(stub.Validate(Batch()).Await().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(stub.Compute(RequestOf(1)).Await().status().code(),
            absl::StatusCode::kUnimplemented);
}

// Answers by asking another Countdown for one less.
class Countdown final : public InferenceAm::CoService {
 public:
  explicit Countdown(const InferenceAm::Client& next) : next_(next) {}

  ::am::Task<absl::StatusOr<ComputeResult>> Compute(
      ::am::Context&, const ComputeRequest& request) override {
    const double value = request.batch().values(0);
    if (value == 0) co_return ResultOf(0);
    // Temporaries within co_await, which g++ 12 is known to destroy twice if
    // they are aggregates that need destroying.
    absl::StatusOr<ComputeResult> rest = co_await next_.Compute(
        RequestOf(value - 1), {.timeout = absl::Seconds(20)});
    if (!rest.ok()) co_return rest.status();
    co_return ResultOf(rest->sum() + value);
  }

 private:
  const InferenceAm::Client next_;
};

TEST_F(EndToEnd, CoroutinesAwaitStubs) {
  auto& at_server = Make<Countdown>(
      InferenceAm::Client(server_->client(), client_->instance_id()));
  auto& at_client = Make<Countdown>(
      InferenceAm::Client(client_->client(), server_->instance_id()));
  ASSERT_EQ(client_->Register(at_client), absl::OkStatus());
  const InferenceAm::Client stub = Serve(at_server);
  const absl::StatusOr<ComputeResult> result =
      stub.Compute(RequestOf(4)).Await();
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_EQ(result->sum(), 4 + 3 + 2 + 1);
}

}  // namespace
}  // namespace acme::v1
