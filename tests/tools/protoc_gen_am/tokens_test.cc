// What a .proto says of its methods, as tokens; and that what is generated for
// names that C++ has taken can be used.
#include <type_traits>

#include "absl/time/time.h"
#include "am/handler_id.h"
#include "am/method.h"
#include "gtest/gtest.h"
#include "tests/golden/inference.am.h"
#include "tests/golden/messages_only.am.mock.h"
#include "tests/golden/names.am.mock.h"
#include "tests/golden/no_package.am.mock.h"
#include "tests/golden/options.am.mock.h"

namespace {

using acme::v1::InferenceAm;
using acme::v1::OptionsAm;
using acme::v1::Value;
using am::Execution;
using am::MethodSpec;
using am::Pattern;
using google::protobuf::Empty;

// Tokens are there at compile time, of these types.
static_assert(InferenceAm::kCompute.spec.id ==
              am::HandlerId("acme.v1.Inference/Compute"));
static_assert(std::is_same_v<
              decltype(InferenceAm::kLog),
              const am::Method<acme::v1::LogEntry, void, Pattern::kNoReturn>>);
static_assert(
    std::is_same_v<decltype(OptionsAm::kNothing),
                   const am::Method<Value, Empty, Pattern::kResponse>>);

// Nothing but the struct is added to the namespace.
static_assert(std::is_class_v<acme::v1::InferenceClient>);

TEST(Token, SaysWhatItTakesAndGives) {
  const MethodSpec& spec = InferenceAm::kValidate.spec;
  EXPECT_EQ(spec.name, "acme.v1.Inference/Validate");
  EXPECT_EQ(spec.pattern, Pattern::kAck);
  EXPECT_EQ(spec.input_type, "acme.v1.Batch");
  EXPECT_EQ(spec.output_type, "google.protobuf.Empty");
}

TEST(Token, HasDefaults) {
  const MethodSpec& spec = OptionsAm::kPlain.spec;
  EXPECT_EQ(spec.pattern, Pattern::kResponse);
  EXPECT_EQ(spec.timeout, absl::ZeroDuration());
  EXPECT_EQ(spec.max_concurrency, 0);
  EXPECT_FALSE(spec.ordered);
  EXPECT_FALSE(spec.idempotent);
  EXPECT_EQ(spec.execution, Execution::kAuto);
}

TEST(Token, IsNotRetriedUnlessTheContractSaysSo) {
  EXPECT_EQ(OptionsAm::kPlain.spec.retry, am::RetryPolicy());
  EXPECT_EQ(OptionsAm::kRetried.spec.retry, am::RetryPolicy{.max_attempts = 3});
}

TEST(Token, HasItsRetryPolicy) {
  using absl::StatusCode;
  const am::RetryPolicy& retry = OptionsAm::kRetriedOften.spec.retry;
  EXPECT_EQ(retry.max_attempts, 5);
  EXPECT_EQ(retry.initial_backoff, absl::Milliseconds(10));
  EXPECT_EQ(retry.max_backoff, absl::Milliseconds(1500));
  EXPECT_EQ(retry.multiplier, 1.5);
  EXPECT_EQ(retry.codes,
            (am::StatusCodes{StatusCode::kUnavailable, StatusCode::kAborted,
                             StatusCode::kDataLoss}));
}

TEST(Token, HasItsOptions) {
  const MethodSpec& spec = OptionsAm::kAll.spec;
  EXPECT_EQ(spec.timeout, absl::Minutes(90));
  EXPECT_EQ(spec.max_concurrency, 8);
  EXPECT_TRUE(spec.ordered);
  EXPECT_TRUE(spec.idempotent);
  EXPECT_EQ(spec.execution, Execution::kPool);
}

TEST(Token, NoSideEffectsAreIdempotent) {
  EXPECT_TRUE(OptionsAm::kQuick.spec.idempotent);
  EXPECT_EQ(OptionsAm::kQuick.spec.execution, Execution::kInline);
  EXPECT_EQ(OptionsAm::kQuick.spec.timeout, absl::Milliseconds(1500));
}

TEST(Token, WithoutAPackageIsNamedAfterTheService) {
  EXPECT_EQ(VagrantAm::kWander.spec.name, "Vagrant/Wander");
}

TEST(Names, ThatAreTakenGetAnUnderscore) {
  using acme::am::absl::google::v1::NamesAm;
  using acme::am::absl::google::v1::Outer;
  // `delete_` is an rpc of its own, so `delete` becomes `delete__`.
  static_assert(
      std::is_member_function_pointer_v<decltype(&NamesAm::Service::delete__)>);
  static_assert(
      std::is_member_function_pointer_v<decltype(&NamesAm::Client::Client_)>);
  static_assert(std::is_member_function_pointer_v<
                decltype(&NamesAm::MockService::MockService_)>);
  NamesAm::MockService mock;
  EXPECT_EQ(mock.Bindings().size(), 15u);
  EXPECT_EQ(NamesAm::kDelete.spec.name, "acme.am.absl.google.v1.Names/delete");
  EXPECT_EQ(NamesAm::kDelete_.spec.name,
            "acme.am.absl.google.v1.Names/delete_");
  EXPECT_EQ(acme::am::absl::google::v1::kStuffAm::kStuffAm_.spec.name,
            "acme.am.absl.google.v1.kStuff/StuffAm");
}

TEST(Names, AnEmptyServiceHasNoBindings) {
  acme::am::absl::google::v1::EmptyAm::Service service;
  EXPECT_TRUE(service.Bindings().empty());
}

}  // namespace
