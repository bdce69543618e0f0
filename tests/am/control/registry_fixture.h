// A registry over gRPC, and a client of it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "am/control/registry_server.h"
#include "am/control/registry_service.h"
#include "am/v1/registry.grpc.pb.h"
#include "am/wire/duration_proto.h"
#include "src/proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/am/control/test_records.h"

namespace am::control {

// Calls end within 20 s, so that a test fails rather than hangs.
inline std::unique_ptr<grpc::ClientContext> LimitedContext() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(20));
  return context;
}

// A registry with a server of its own.
class ServedRegistry {
 public:
  explicit ServedRegistry(std::shared_ptr<RegistryService> service,
                          const std::string& listen = "127.0.0.1:0") {
    RegistryServer::Options options;
    options.control.listen = listen;
    options.control.registry = std::move(service);
    auto server = RegistryServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->address(),
                                   grpc::InsecureChannelCredentials());
    stub_ = v1::Registry::NewStub(channel_);
  }

  const std::string& address() const { return server_->address(); }
  v1::Registry::Stub& stub() const { return *stub_; }
  void Stop() { server_.reset(); }

  // Whether its health becomes that.
  bool AwaitHealth(grpc::health::v1::HealthCheckResponse::ServingStatus status =
                       grpc::health::v1::HealthCheckResponse::SERVING) const {
    const auto health = grpc::health::v1::Health::NewStub(channel_);
    grpc::health::v1::HealthCheckRequest request;
    request.set_service("am.v1.Registry");
    const auto context = LimitedContext();
    const auto watch = health->Watch(context.get(), request);
    grpc::health::v1::HealthCheckResponse response;
    while (watch->Read(&response) && response.status() != status) {
    }
    context->TryCancel();
    watch->Finish();
    return response.status() == status;
  }

  grpc::Status Register(const v1::Instance& record,
                        absl::Duration ttl = absl::Seconds(10)) {
    v1::RegisterRequest request;
    *request.mutable_instance() = record;
    ToProto(ttl, *request.mutable_ttl());
    registered_.Clear();
    return stub_->Register(LimitedContext().get(), request, &registered_);
  }

  // Of the last Register.
  std::uint64_t epoch() const { return registered_.epoch(); }
  const v1::RegisterResponse& registered() const { return registered_; }

  grpc::Status Deregister(std::uint64_t id, std::uint64_t epoch) {
    v1::DeregisterRequest request;
    v1::DeregisterResponse response;
    request.set_id(id);
    request.set_epoch(epoch);
    return stub_->Deregister(LimitedContext().get(), request, &response);
  }

  grpc::Status Get(std::uint64_t id) {
    v1::GetRequest request;
    request.set_id(id);
    return stub_->Get(LimitedContext().get(), request, &instance_);
  }

  // Of the last Get.
  const v1::Instance& instance() const { return instance_; }

  // What is left of the lease; zero: there is none, or no answer.
  absl::Duration KeepAlive(std::uint64_t id, std::uint64_t epoch,
                           std::uint64_t outstanding = 0) {
    v1::KeepAliveRequest request;
    v1::KeepAliveResponse response;
    request.set_id(id);
    request.set_epoch(epoch);
    request.set_outstanding(outstanding);
    const auto context = LimitedContext();
    const auto stream = stub_->KeepAlive(context.get());
    stream->Write(request);
    stream->Read(&response);
    stream->WritesDone();
    stream->Finish();
    return FromProto(response.ttl());
  }

 private:
  std::unique_ptr<RegistryServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Registry::Stub> stub_;
  v1::RegisterResponse registered_;
  v1::Instance instance_;
};

// What a watch says, change by change, in short: "+7" is there, "-7 EXPIRED" is
// not any more, "." is the end of a snapshot.
class WatchedRegistry {
 public:
  explicit WatchedRegistry(v1::Registry::Stub& stub,
                           const v1::WatchRequest& request = {})
      : context_(LimitedContext()),
        stream_(stub.Watch(context_.get(), request)) {}
  ~WatchedRegistry() {
    context_->TryCancel();
    stream_->Finish();
  }

  // Of whatever comes next; "end" if the stream does.
  std::string Next() {
    while (next_ == said_.size()) {
      if (!stream_->Read(&response_)) return "end";
      Take();
    }
    return said_[next_++];
  }

  const v1::WatchResponse& response() const { return response_; }

 private:
  void Take() {
    for (const v1::WatchEvent& event : response_.events()) {
      said_.push_back(
          event.has_removal()
              ? absl::StrCat("-", event.removal().id(), " ",
                             v1::Removal::Reason_Name(event.removal().reason()))
              : absl::StrCat("+", event.instance().peer().id()));
    }
    if (response_.kind() == v1::WatchResponse::SNAPSHOT_END) {
      said_.emplace_back(".");
    }
  }

  const std::unique_ptr<grpc::ClientContext> context_;
  const std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> stream_;
  v1::WatchResponse response_;
  std::vector<std::string> said_;
  std::size_t next_ = 0;
};

}  // namespace am::control
