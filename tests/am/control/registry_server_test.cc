// The registry over gRPC, as any client sees it. Its rules are tested in
// registry_state_test and watch_cursor_test.
#include "am/control/registry_server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "am/v1/registry.grpc.pb.h"
#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

RegistryServer::Options Listening(const std::string& address) {
  RegistryServer::Options options;
  options.control.listen = address;
  return options;
}

class RegistryServerTest : public testing::Test {
 protected:
  RegistryServerTest() {
    RegistryServer::Options options;
    options.rules.min_ttl = absl::Milliseconds(50);
    auto server = RegistryServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::Registry::NewStub(grpc::CreateChannel(
        server_->address(), grpc::InsecureChannelCredentials()));
  }

  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() +
                          std::chrono::seconds(20));
    return context;
  }

  grpc::Status Register(const v1::Instance& record,
                        absl::Duration ttl = absl::Seconds(10)) {
    v1::RegisterRequest request;
    *request.mutable_instance() = record;
    request.mutable_ttl()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(ttl % absl::Seconds(1))));
    request.mutable_ttl()->set_seconds(absl::ToInt64Seconds(ttl));
    return stub_->Register(Context().get(), request, &registered_);
  }

  grpc::Status Get(std::uint64_t id) {
    v1::GetRequest request;
    request.set_id(id);
    return stub_->Get(Context().get(), request, &instance_);
  }

  grpc::Status List(const std::string& token, int size = 0) {
    v1::ListRequest request;
    request.set_page_token(token);
    request.set_page_size(size);
    *request.mutable_filter() = filter_;
    return stub_->List(Context().get(), request, &page_);
  }

  std::unique_ptr<RegistryServer> server_;
  std::unique_ptr<v1::Registry::Stub> stub_;
  v1::RegisterResponse registered_;
  v1::Instance instance_;
  v1::InstanceFilter filter_;
  v1::ListResponse page_;
};

TEST_F(RegistryServerTest, RegisteredInstanceIsThere) {
  ASSERT_TRUE(Register(Record(7, "seven")).ok());
  EXPECT_EQ(registered_.ttl().seconds(), 10);
  ASSERT_TRUE(Get(7).ok());
  EXPECT_EQ(instance_.peer().name(), "seven");
  EXPECT_EQ(instance_.epoch(), registered_.epoch());
}

TEST_F(RegistryServerTest, DeregisteredInstanceIsNot) {
  ASSERT_TRUE(Register(Record(7)).ok());
  v1::DeregisterRequest request;
  v1::DeregisterResponse response;
  request.set_id(7);
  request.set_epoch(registered_.epoch());
  ASSERT_TRUE(stub_->Deregister(Context().get(), request, &response).ok());
  EXPECT_EQ(Get(7).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(RegistryServerTest, RefusalSaysWhy) {
  ASSERT_TRUE(Register(Record(7, "worker")).ok());
  const grpc::Status refused = Register(Record(8, "worker"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_NE(refused.error_message().find("0000000000000007"), std::string::npos)
      << refused.error_message();
}

TEST_F(RegistryServerTest, PagesListEverybodyOnce) {
  for (std::uint64_t id = 1; id <= 25; ++id) {
    ASSERT_TRUE(Register(Record(id)).ok());
  }
  std::set<std::uint64_t> seen;
  int pages = 0;
  do {
    ASSERT_TRUE(List(page_.next_page_token(), 10).ok());
    for (const auto& record : page_.instances())
      seen.insert(record.peer().id());
    ++pages;
  } while (!page_.next_page_token().empty());
  EXPECT_EQ(seen.size(), 25);
  EXPECT_EQ(pages, 3);
}

TEST_F(RegistryServerTest, FilterTakesBareNamesOfHandlers) {
  ASSERT_TRUE(Register(RecordWith(1, "am.v1.Handlers/compute")).ok());
  ASSERT_TRUE(Register(Record(2)).ok());
  filter_.set_handler_name("compute");
  ASSERT_TRUE(List("").ok());
  EXPECT_EQ(page_.instances_size(), 1);
}

TEST_F(RegistryServerTest, PageTokenFromElsewhereIsRefused) {
  EXPECT_EQ(List("00000000000000070000000000000007").error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(List("", -1).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(RegistryServerTest, PageTokenOfAnotherFilterIsRefused) {
  for (std::uint64_t id = 1; id <= 2; ++id) {
    ASSERT_TRUE(Register(Record(id)).ok());
  }
  ASSERT_TRUE(List("", 1).ok());
  const std::string token = page_.next_page_token();
  filter_.set_name("x");
  EXPECT_EQ(List(token).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(RegistryServerTest, OneStreamKeepsManyLeasesAlive) {
  const auto context = Context();
  const auto stream = stub_->KeepAlive(context.get());
  v1::KeepAliveRequest request;
  v1::KeepAliveResponse response;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ASSERT_TRUE(Register(Record(id)).ok());
    request.set_id(id);
    request.set_epoch(registered_.epoch());
    ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
    EXPECT_EQ(response.id(), id);
    EXPECT_EQ(response.ttl().seconds(), 10);
  }
  request.set_id(99);
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_FALSE(response.has_ttl());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(RegistryServerTest, WatcherSeesComingExpiringAndLeaving) {
  const auto context = Context();
  const auto stream = stub_->Watch(context.get(), {});
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.kind(), v1::WatchResponse::SNAPSHOT_END);
  ASSERT_TRUE(Register(Record(7), absl::Milliseconds(50)).ok());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.events(0).instance().peer().id(), 7);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.events(0).removal().id(), 7);
  EXPECT_EQ(response.events(0).removal().reason(), v1::Removal::EXPIRED);
  context->TryCancel();
  stream->Finish();
}

TEST_F(RegistryServerTest, ResolveFindsWhoHasTheHandler) {
  ASSERT_TRUE(Register(RecordWith(1, "am.v1.Handlers/compute")).ok());
  v1::ResolveRequest request;
  v1::ResolveResponse response;
  request.set_handler_name("compute");
  ASSERT_TRUE(stub_->Resolve(Context().get(), request, &response).ok());
  EXPECT_EQ(response.instances(0).peer().id(), 1);
  request.set_handler_name("other");
  EXPECT_EQ(stub_->Resolve(Context().get(), request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(RegistryServerTest, StreamsEndWithTheServer) {
  const auto context = Context();
  const auto watch = stub_->Watch(context.get(), {});
  v1::WatchResponse response;
  ASSERT_TRUE(watch->Read(&response));
  server_.reset();
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_FALSE(watch->Finish().ok());
}

TEST_F(RegistryServerTest, TwoServersOnOnePortAreRefused) {
  const auto second = RegistryServer::Start(Listening(server_->address()));
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
}

TEST_F(RegistryServerTest, AddressesOfOtherMachinesNeedAWord) {
  const auto open = RegistryServer::Start(Listening("0.0.0.0:0"));
  EXPECT_TRUE(absl::IsPermissionDenied(open.status())) << open.status();
  EXPECT_TRUE(absl::IsInvalidArgument(
      RegistryServer::Start(Listening("nonsense")).status()));
}

}  // namespace
}  // namespace am::control
