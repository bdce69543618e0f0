// A reflection client, as tools have one: it knows no .proto, asks for
// descriptors, and calls with what they say.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "am/control/registry_service.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "src/proto/grpc/reflection/v1/reflection.grpc.pb.h"
#include "src/proto/grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/am/calculator.am.h"
#include "tests/am/control/control_fixture.h"

namespace am::control {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

// Asks questions one after another on one stream.
template <typename Version>
class Asker final : public grpc::ClientBidiReactor<typename Version::Request,
                                                   typename Version::Response> {
 public:
  using Requests = std::vector<typename Version::Request>;
  using Responses = std::vector<typename Version::Response>;

  Asker(const std::shared_ptr<grpc::Channel>& channel, Requests requests)
      : stub_(channel), requests_(std::move(requests)) {
    Limit(context_);
    stub_.async()->ServerReflectionInfo(&context_, this);
    Next();
    this->StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok) this->StartRead(&response_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    responses_.push_back(response_);
    Next();
  }
  void OnDone(const grpc::Status& status) override { ended_.set_value(status); }

  Responses Await() {
    const grpc::Status status = ended_.get_future().get();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(responses_.size(), requests_.size());
    responses_.resize(requests_.size());
    return responses_;
  }

 private:
  void Next() {
    if (responses_.size() == requests_.size()) return this->StartWritesDone();
    this->StartWrite(&requests_[responses_.size()]);
  }

  typename Version::Service::Stub stub_;
  grpc::ClientContext context_;
  const Requests requests_;
  typename Version::Response response_;
  Responses responses_;
  std::promise<grpc::Status> ended_;
};

template <typename Version>
class ReflectionTest : public ControlTest {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  void SetUp() override {
    Start();
    const auto echo =
        [](Context&, const test::Number& n) -> absl::StatusOr<test::Number> {
      return n;
    };
    ASSERT_TRUE(
        (manager_->RegisterResponse<test::Number, test::Number>("echo", echo))
            .ok());
    ASSERT_TRUE(manager_->Register(test::CalculatorAm::kSquare, echo).ok());
  }

  Response Ask(const Request& request) {
    return Asker<Version>(channel_, {request}).Await().front();
  }

  std::vector<std::string> Services() {
    Request request;
    request.set_list_services("*");
    std::vector<std::string> names;
    const Response response = Ask(request);
    for (const auto& service : response.list_services_response().service()) {
      names.push_back(service.name());
    }
    return names;
  }

  static Request ForSymbol(const std::string& symbol) {
    Request request;
    request.set_file_containing_symbol(symbol);
    return request;
  }

  // What the answer's files say of a service, with all that they import.
  const google::protobuf::ServiceDescriptor* Find(const std::string& service) {
    const Response response = Ask(ForSymbol(service));
    google::protobuf::FileDescriptorProto file;
    for (const std::string& bytes :
         response.file_descriptor_response().file_descriptor_proto()) {
      EXPECT_TRUE(file.ParseFromString(bytes));
      EXPECT_TRUE(files_.Add(file)) << file.name();
    }
    return pool_.FindServiceByName(service);
  }

  google::protobuf::SimpleDescriptorDatabase files_;
  google::protobuf::DescriptorPool pool_{&files_};
};

using Versions = testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, AllServicesAreListed) {
  EXPECT_THAT(this->Services(),
              ElementsAre("am.test.Calculator", "am.v1.Handlers", "am.v1.Node",
                          "grpc.health.v1.Health",
                          "grpc.reflection.v1.ServerReflection",
                          "grpc.reflection.v1alpha.ServerReflection"));
}

TYPED_TEST(ReflectionTest, WhatIsDeregisteredIsNotListed) {
  ASSERT_TRUE(this->manager_->Deregister("echo").ok());
  EXPECT_THAT(this->Services(), Not(Contains("am.v1.Handlers")));
}

TYPED_TEST(ReflectionTest, AServiceHasItsMethodsAndTheirOptions) {
  const auto* const service = this->Find("am.test.Calculator");
  ASSERT_NE(service, nullptr);
  EXPECT_NE(service->FindMethodByName("Square"), nullptr);
  EXPECT_NE(service->file()->pool()->FindExtensionByName("am.v1.handler"),
            nullptr);
}

TYPED_TEST(ReflectionTest, AHandlerAddedWhileServingIsCalledByItsDescriptor) {
  const auto* const service = this->Find("am.v1.Handlers");
  ASSERT_NE(service, nullptr);
  const auto* const method = service->FindMethodByName("echo");
  ASSERT_NE(method, nullptr);
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> in(
      factory.GetPrototype(method->input_type())->New());
  std::unique_ptr<google::protobuf::Message> out(
      factory.GetPrototype(method->output_type())->New());
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage("{\"value\": \"9\"}",
                                                          in.get())
                  .ok());
  grpc::ClientContext context;
  Limit(context);
  grpc::TemplatedGenericStub<google::protobuf::Message,
                             google::protobuf::Message>
      stub(this->channel_);
  EXPECT_TRUE(Await([&](auto done) {
                stub.UnaryCall(&context, "/am.v1.Handlers/echo", {}, in.get(),
                               out.get(), std::move(done));
              }).ok());
  EXPECT_EQ(out->SerializeAsString(), in->SerializeAsString());
}

TYPED_TEST(ReflectionTest, AnUnknownSymbolIsNotFoundAndTheStreamGoesOn) {
  const auto responses =
      Asker<TypeParam>(this->channel_, {this->ForSymbol("no.Such"),
                                        this->ForSymbol("am.v1.Node")})
          .Await();
  EXPECT_EQ(responses[0].error_response().error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(responses[1].has_file_descriptor_response());
}

TYPED_TEST(ReflectionTest, OurOptionIsFoundAsAnExtension) {
  typename TypeParam::Request numbers, file;
  numbers.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_THAT(
      this->Ask(numbers).all_extension_numbers_response().extension_number(),
      Contains(50718));
  auto& extension = *file.mutable_file_containing_extension();
  extension.set_containing_type("google.protobuf.MethodOptions");
  extension.set_extension_number(50718);
  EXPECT_TRUE(this->Ask(file).has_file_descriptor_response());
}

TYPED_TEST(ReflectionTest, ARegistryIsFoundWithWhatItNeeds) {
  this->TearDown();
  this->Start({}, {.registry = RegistryService::Make()});
  EXPECT_THAT(this->Services(), Contains("am.v1.Registry"));
  const auto* const service = this->Find("am.v1.Registry");
  ASSERT_NE(service, nullptr);
  const auto* const list = service->FindMethodByName("List");
  ASSERT_NE(list, nullptr);
  EXPECT_NE(list->output_type()->FindFieldByName("instances"), nullptr);
  EXPECT_TRUE(service->FindMethodByName("KeepAlive")->client_streaming());
}

TYPED_TEST(ReflectionTest, AFileIsFoundByItsName) {
  typename TypeParam::Request request;
  request.set_file_by_filename("am/v1/node.proto");
  EXPECT_TRUE(this->Ask(request).has_file_descriptor_response());
  request.set_file_by_filename("no/such.proto");
  EXPECT_EQ(this->Ask(request).error_response().error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace am::control
