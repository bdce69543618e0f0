// The tools that people have, unmodified, on handlers of ours.
#include "tests/am/control/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "am/control/registry_service.h"
#include "tests/am/calculator.am.h"
#include "tests/am/control/control_fixture.h"

namespace am::control {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ToolsTest : public ControlTest {
 protected:
  void SetUp() override {
    Start({}, {.channelz = true, .registry = RegistryService::Make()});
    const auto square =
        [](Context&, const test::Number& n) -> absl::StatusOr<test::Number> {
      test::Number result;
      result.set_value(n.value() * n.value());
      return result;
    };
    ASSERT_TRUE(
        (manager_->RegisterResponse<test::Number, test::Number>("sq", square))
            .ok());
    ASSERT_TRUE(manager_->Register(test::CalculatorAm::kSquare, square).ok());
  }
};

// Both the current one and the last that knows v1alpha only.
class GrpcurlTest : public ToolsTest,
                    public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    SKIP_UNLESS_INSTALLED(GetParam());
    ToolsTest::SetUp();
  }

  std::string Grpcurl(const std::string& flags, const std::string& words) {
    return Output(absl::StrCat(GetParam(), " -plaintext ", flags, " ",
                               server_->address(), " ", words));
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, GrpcurlTest,
                         testing::Values("grpcurl", "grpcurl-1.8.6"),
                         [](const auto& version) {
                           return version.index == 0 ? "Current" : "Old";
                         });

TEST_P(GrpcurlTest, ListsServices) {
  EXPECT_THAT(Grpcurl("", "list"),
              AllOf(HasSubstr("am.v1.Handlers\n"), HasSubstr("am.v1.Node\n"),
                    HasSubstr("am.v1.Registry\n"),
                    HasSubstr("grpc.channelz.v1.Channelz\n"),
                    HasSubstr("am.test.Calculator\n")));
}

TEST_P(GrpcurlTest, DescribesAHandlerUnderABareName) {
  EXPECT_THAT(Grpcurl("", "describe am.v1.Handlers"),
              AllOf(HasSubstr("rpc sq ( .am.test.Number )"),
                    HasSubstr("am.v1.handler) = ")));
}

TEST_P(GrpcurlTest, DescribesEveryServiceItLists) {
  for (const char* service :
       {"am.v1.Node", "am.test.Calculator", "grpc.channelz.v1.Channelz",
        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
        "am.v1.Registry"}) {
    EXPECT_THAT(Grpcurl("", absl::StrCat("describe ", service)),
                HasSubstr("is a service"));
  }
}

TEST_P(GrpcurlTest, CallsAHandlerAddedWhileServing) {
  EXPECT_THAT(Grpcurl("-d '{\"value\": 7}'", "am.v1.Handlers/sq"),
              HasSubstr("\"value\": \"49\""));
  EXPECT_THAT(Grpcurl("-d '{\"value\": 7}'", "am.test.Calculator/Square"),
              HasSubstr("\"value\": \"49\""));
}

TEST_P(GrpcurlTest, CallsTheNode) {
  EXPECT_THAT(Grpcurl("", "am.v1.Node/HealthCheck"), HasSubstr("SERVING"));
}

TEST_P(GrpcurlTest, RegistersAndListsInstances) {
  EXPECT_THAT(Grpcurl("-d '{\"instance\": {\"peer\": {\"id\": 7, \"name\": "
                      "\"seven\", \"addresses\": \"tcp://10.0.0.7:5\"}}}'",
                      "am.v1.Registry/Register"),
              HasSubstr("\"ttl\": \"10s\""));
  EXPECT_THAT(Grpcurl("", "am.v1.Registry/List"),
              HasSubstr("\"name\": \"seven\""));
}

TEST_P(GrpcurlTest, CallsChannelz) {
  EXPECT_THAT(Grpcurl("", "grpc.channelz.v1.Channelz/GetServers"),
              HasSubstr("listen_socket"));
}

TEST_F(ToolsTest, GrpcHealthProbeFindsItHealthy) {
  SKIP_UNLESS_INSTALLED("grpc_health_probe");
  for (const char* service : {"", "am.v1.Handlers"}) {
    EXPECT_THAT(
        Output(absl::StrCat("grpc_health_probe -addr ", server_->address(),
                            " -service '", service, "'")),
        HasSubstr("SERVING"));
  }
}

TEST_F(ToolsTest, GhzGetsAllItsCallsAnswered) {
  SKIP_UNLESS_INSTALLED("ghz");
  EXPECT_THAT(Output(absl::StrCat("ghz --insecure -n 50 -c 5 --call "
                                  "am.v1.Handlers.sq -d '{\"value\": 7}' ",
                                  server_->address())),
              HasSubstr("[OK]   50 responses"));
}

}  // namespace
}  // namespace am::control
