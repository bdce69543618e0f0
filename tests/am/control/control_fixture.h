// A manager with a control server, and channels to it.
#pragma once

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "am/control/control_server.h"
#include "am/manager.h"
#include "am/node.h"

namespace am::control {

class ControlTest : public testing::Test {
 protected:
  // gRPC would end with the last channel, while the callback of a call has yet
  // to return.
  static void SetUpTestSuite() { grpc_init(); }

  void Start(ManagerOptions manager = {}, ControlServerOptions control = {}) {
    absl::StatusOr<std::unique_ptr<Manager>> made =
        Manager::Make(std::move(manager));
    ASSERT_TRUE(made.ok()) << made.status();
    manager_ = *std::move(made);
    absl::StatusOr<std::unique_ptr<ControlServer>> server =
        ControlServer::Make(*manager_, control);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->address(),
                                   grpc::InsecureChannelCredentials());
  }

  // What handlers use goes after them.
  void TearDown() override {
    server_.reset();
    manager_.reset();
  }

  std::unique_ptr<Manager> manager_;
  std::unique_ptr<ControlServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A call that ends within 20 s, so that a test fails rather than hangs.
inline void Limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(20));
}

// Makes a call by the callback API and waits for its end. `start` is given what
// to call at the end.
template <typename StartCall>
grpc::Status Await(StartCall start) {
  std::promise<grpc::Status> ended;
  start([&](grpc::Status status) { ended.set_value(std::move(status)); });
  return ended.get_future().get();
}

}  // namespace am::control
