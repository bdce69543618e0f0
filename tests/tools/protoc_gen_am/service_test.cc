// What is generated for a service, run without a node around it.
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/handler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/golden/inference.am.h"
#include "tests/golden/inference.am.mock.h"
#include "tests/tools/protoc_gen_am/fake_invocation.h"

namespace acme::v1 {
namespace {

using ::am::FakeInvocation;
using ::am::HandlerBinding;
using ::testing::_;
using ::testing::Property;
using ::testing::Return;

// Gives `service` a message for its `index`th method.
void RunMethod(::am::Service& service, std::size_t index,
               FakeInvocation& invocation) {
  std::vector<HandlerBinding> bindings = service.Bindings();
  bindings.at(index).handler->Run(invocation);
}

absl::Status StatusOf(::am::Service& service, std::size_t index,
                      const google::protobuf::Message& request) {
  FakeInvocation invocation(request);
  RunMethod(service, index, invocation);
  return invocation.status();
}

LogEntry Entry(const std::string& text) {
  LogEntry entry;
  entry.set_text(text);
  return entry;
}

Batch BatchOf(std::initializer_list<double> values) {
  Batch batch;
  for (const double value : values) batch.add_values(value);
  return batch;
}

ComputeRequest RequestOf(std::initializer_list<double> values) {
  ComputeRequest request;
  *request.mutable_batch() = BatchOf(values);
  return request;
}

double Sum(const Batch& batch) {
  double sum = 0;
  for (const double value : batch.values()) sum += value;
  return sum;
}

absl::Status Check(const Batch& batch) {
  return batch.values().empty() ? absl::InvalidArgumentError("empty")
                                : absl::OkStatus();
}

absl::StatusOr<ComputeResult> Add(const ComputeRequest& request) {
  absl::Status checked = Check(request.batch());
  if (!checked.ok()) return checked;
  ComputeResult result;
  result.set_sum(Sum(request.batch()));
  return result;
}

class Adder final : public InferenceAm::Service {
 public:
  void Log(::am::Context&, const LogEntry& request) override {
    logged += request.text();
  }
  absl::Status Validate(::am::Context&, const Batch& request) override {
    return Check(request);
  }
  absl::StatusOr<ComputeResult> Compute(
      ::am::Context&, const ComputeRequest& request) override {
    return Add(request);
  }

  std::string logged;
};

class CoAdder final : public InferenceAm::CoService {
 public:
  ::am::Task<void> Log(::am::Context&, const LogEntry& request) override {
    logged += request.text();
    co_return;
  }
  ::am::Task<absl::Status> Validate(::am::Context&,
                                    const Batch& request) override {
    co_return Check(request);
  }
  ::am::Task<absl::StatusOr<ComputeResult>> Compute(
      ::am::Context&, const ComputeRequest& request) override {
    co_return Add(request);
  }

  std::string logged;
};

template <typename T>
class GeneratedService : public testing::Test {};
using Adders = testing::Types<Adder, CoAdder>;
TYPED_TEST_SUITE(GeneratedService, Adders);

TYPED_TEST(GeneratedService, HasABindingForEachMethod) {
  TypeParam adder;
  const std::vector<HandlerBinding> bindings = adder.Bindings();
  ASSERT_EQ(bindings.size(), 3u);
  EXPECT_EQ(bindings[0].spec.name, "acme.v1.Inference/Log");
  EXPECT_EQ(bindings[1].spec.name, "acme.v1.Inference/Validate");
  EXPECT_EQ(bindings[2].spec.name, "acme.v1.Inference/Compute");
}

TYPED_TEST(GeneratedService, RunsANoReturnMethod) {
  TypeParam adder;
  EXPECT_EQ(StatusOf(adder, 0, Entry("hello")), absl::OkStatus());
  EXPECT_EQ(adder.logged, "hello");
}

TYPED_TEST(GeneratedService, RunsAnAckMethod) {
  TypeParam adder;
  EXPECT_EQ(StatusOf(adder, 1, BatchOf({1})), absl::OkStatus());
  EXPECT_EQ(StatusOf(adder, 1, BatchOf({})),
            absl::InvalidArgumentError("empty"));
}

TYPED_TEST(GeneratedService, RunsAResponseMethod) {
  TypeParam adder;
  FakeInvocation invocation(RequestOf({1, 2}));
  RunMethod(adder, 2, invocation);
  EXPECT_EQ(invocation.status(), absl::OkStatus());
  EXPECT_EQ(invocation.template value<ComputeResult>().sum(), 3);
  EXPECT_EQ(StatusOf(adder, 2, RequestOf({})),
            absl::InvalidArgumentError("empty"));
}

template <typename T>
class GeneratedDefault : public testing::Test {};
using Bases = testing::Types<InferenceAm::Service, InferenceAm::CoService>;
TYPED_TEST_SUITE(GeneratedDefault, Bases);

TYPED_TEST(GeneratedDefault, IsUnimplemented) {
  TypeParam service;
  EXPECT_EQ(
      StatusOf(service, 0, Entry("")),
      absl::UnimplementedError("acme.v1.Inference/Log is not implemented"));
  EXPECT_EQ(StatusOf(service, 1, BatchOf({})),
            absl::UnimplementedError(
                "acme.v1.Inference/Validate is not implemented"));
  EXPECT_EQ(
      StatusOf(service, 2, RequestOf({})),
      absl::UnimplementedError("acme.v1.Inference/Compute is not implemented"));
}

TEST(GeneratedMock, IsCalled) {
  InferenceAm::MockService mock;
  ComputeResult result;
  result.set_sum(7);
  EXPECT_CALL(mock, Log(_, Property(&LogEntry::text, "hello")));
  EXPECT_CALL(mock, Validate).WillOnce(Return(absl::AbortedError("no")));
  EXPECT_CALL(mock, Compute).WillOnce(Return(result));

  EXPECT_EQ(StatusOf(mock, 0, Entry("hello")), absl::OkStatus());
  EXPECT_EQ(StatusOf(mock, 1, BatchOf({})), absl::AbortedError("no"));
  FakeInvocation invocation(RequestOf({}));
  RunMethod(mock, 2, invocation);
  EXPECT_EQ(invocation.value<ComputeResult>().sum(), 7);
}

}  // namespace
}  // namespace acme::v1
