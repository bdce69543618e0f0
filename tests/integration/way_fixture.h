// A caller and a server, and every way there is between the two.
#pragma once

#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "am/control/control_server.h"
#include "am/control/grpc_control_plane.h"
#include "am/no_transport.h"
#include "tests/am/manager_fixture.h"

namespace am {

enum class Way {
  kInProcess,
  kTcp,
  kIpc,
  kGrpc,       // to handlers that were there before the server of gRPC,
  kGrpcLater,  // and to those that came later
};

inline std::string WayName(const testing::TestParamInfo<Way>& info) {
  static constexpr const char* kNames[] = {"InProcess", "Tcp", "Ipc", "Grpc",
                                           "GrpcLater"};
  return kNames[static_cast<int>(info.param)];
}

// A test starts a server, gives it handlers and joins the client to it.
class WayTest : public testing::TestWithParam<Way> {
 protected:
  // gRPC would end with the last channel, while the callback of a call has yet
  // to return.
  static void SetUpTestSuite() { grpc_init(); }

  static bool IsGrpc() { return GetParam() >= Way::kGrpc; }

  void Start(ManagerOptions options = {}) {
    server_ = world_.MakeManager(std::move(options));
    if (GetParam() == Way::kGrpcLater) Serve();
  }

  void Join(ManagerOptions options = {}) {
    if (GetParam() == Way::kGrpc) Serve();
    if (!IsGrpc()) {
      client_ = world_.MakeManager(std::move(options));
      peer_ = world_.Connect(*client_, *server_);
      return;
    }
    options.transport = MakeNoTransport();
    options.control_plane = *control::MakeGrpcControlPlane();
    client_ = world_.MakeManager(std::move(options));
    const absl::StatusOr<PeerInfo> peer =
        client_->client().ConnectControl(control_->address());
    ASSERT_TRUE(peer.ok()) << peer.status();
    peer_ = peer->id;
  }

  // What handlers use goes after them.
  void TearDown() override {
    client_.reset();
    control_.reset();
    server_.reset();
  }

  MessageBuilder Message(absl::string_view handler,
                         absl::string_view payload = "x") const {
    MessageBuilder message = client_->client().Message(handler);
    message.Payload(payload);
    return message;
  }

  absl::Status Confirm(absl::string_view handler,
                       absl::string_view payload = "x") const {
    return Message(handler, payload).SendAndConfirm(peer_).Await();
  }

  absl::StatusOr<std::string> Ask(absl::string_view handler,
                                  absl::string_view payload = "x") const {
    return Message(handler, payload).Expect<std::string>().Send(peer_).Await();
  }

  // The client's account of what it sent one-way.
  Ledger LedgerNow() const {
    return IsGrpc() ? client_->node().control().ledger()
                    : *client_->client().LedgerOf(peer_);
  }

  // The same once all is known.
  Ledger SettledLedger() const {
    while (LedgerNow().in_flight() > 0) {
      const absl::Status alive =
          client_->client().HealthCheck(peer_).Await().status();
      EXPECT_TRUE(alive.ok()) << alive;
      if (!alive.ok()) break;
    }
    return LedgerNow();
  }

  std::unique_ptr<Manager> server_;
  std::unique_ptr<control::ControlServer> control_;
  std::unique_ptr<Manager> client_;
  InstanceId peer_;

 private:
  static Carrier CarrierOf(Way way) {
    switch (way) {
      case Way::kInProcess:
        return Carrier::kInProcess;
      case Way::kIpc:
        return Carrier::kIpc;
      default:
        return Carrier::kTcp;
    }
  }

  void Serve() {
    absl::StatusOr<std::unique_ptr<control::ControlServer>> control =
        control::ControlServer::Make(*server_);
    ASSERT_TRUE(control.ok()) << control.status();
    control_ = *std::move(control);
  }

  World world_{CarrierOf(GetParam())};
};

#define INSTANTIATE_WAYS(Fixture)                                        \
  INSTANTIATE_TEST_SUITE_P(                                              \
      Ways, Fixture,                                                     \
      testing::Values(Way::kInProcess, Way::kTcp, Way::kIpc, Way::kGrpc, \
                      Way::kGrpcLater),                                  \
      WayName)

}  // namespace am
