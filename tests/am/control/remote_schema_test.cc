// What reflection tells, as descriptors to work with.
#include "am/control/remote_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "google/protobuf/util/json_util.h"
#include "tests/am/calculator.am.h"
#include "tests/am/control/control_fixture.h"

namespace am::control {
namespace {

using ::testing::Contains;

const GrpcCaller::Options kPatience{.timeout = absl::Seconds(20)};

// A server as it was before reflection had a v1.
class OldServer final : public GrpcCaller {
 public:
  explicit OldServer(GrpcCaller& server) : server_(server) {}

  absl::StatusOr<std::string> Call(const std::string& method,
                                   absl::string_view request,
                                   const Options& options) override {
    if (method.find("reflection.v1.") != std::string::npos) {
      return absl::UnimplementedError("");
    }
    return server_.Call(method, request, options);
  }
  absl::Status Read(const std::string&, absl::string_view, const Options&,
                    const OnResponse&) override {
    return absl::UnimplementedError("");
  }
  const std::string& address() const override { return server_.address(); }

 private:
  GrpcCaller& server_;
};

class RemoteSchemaTest : public ControlTest {
 protected:
  void SetUp() override {
    Start();
    const auto echo =
        [](Context&, const test::Number& n) -> absl::StatusOr<test::Number> {
      return n;
    };
    ASSERT_TRUE(
        (manager_->RegisterResponse<test::Number, test::Number>("echo", echo))
            .ok());
    caller_ = *GrpcCaller::Make(server_->address());
    schema_.emplace(*caller_, kPatience);
  }

  std::unique_ptr<GrpcCaller> caller_;
  std::optional<RemoteSchema> schema_;
};

TEST_F(RemoteSchemaTest, ServicesAreListed) {
  const auto services = schema_->Services();
  ASSERT_TRUE(services.ok()) << services.status();
  EXPECT_THAT(*services, Contains("am.v1.Handlers"));
}

TEST_F(RemoteSchemaTest, AHandlerUnderABareNameIsCalledByItsDescriptor) {
  const auto method = schema_->FindMethod("am.v1.Handlers/echo");
  ASSERT_TRUE(method.ok()) << method.status();
  const auto request = schema_->NewMessage(*(*method)->input_type());
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage("{\"value\": 7}",
                                                          request.get())
                  .ok());
  const auto response = caller_->Call("am.v1.Handlers/echo",
                                      request->SerializeAsString(), kPatience);
  EXPECT_EQ(response.value(), request->SerializeAsString());
}

TEST_F(RemoteSchemaTest, WhatTheServerDoesNotHaveIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(schema_->FindService("no.Such").status()));
  EXPECT_TRUE(absl::IsNotFound(schema_->FindMessage("no.Such").status()));
  EXPECT_TRUE(
      absl::IsNotFound(schema_->FindMethod("am.v1.Handlers/no").status()));
  EXPECT_TRUE(schema_->FindMessage("am.test.Number").ok());
}

TEST_F(RemoteSchemaTest, AServerThatKnowsV1AlphaOnlyIsAskedByThat) {
  OldServer old(*caller_);
  RemoteSchema schema(old, kPatience);
  EXPECT_TRUE(schema.Services().ok());
  EXPECT_TRUE(schema.FindMethod("am.v1.Node/Describe").ok());
}

TEST_F(RemoteSchemaTest, AServerThatIsNotThereIsUnavailable) {
  server_.reset();
  EXPECT_TRUE(WasNotReached(schema_->Services().status()));
  EXPECT_TRUE(WasNotReached(schema_->FindService("am.v1.Node").status()));
}

}  // namespace
}  // namespace am::control
