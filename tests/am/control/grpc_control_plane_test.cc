// Calls of our own clients over gRPC. What is the same on every way is tested
// by tests/integration/calls_test.cc.
#include "am/control/grpc_control_plane.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "am/control/control_server.h"
#include "am/manager.h"
#include "am/message_builder.h"
#include "am/no_transport.h"
#include "am/node.h"
#include "tests/am/calculator.am.h"
#include "tests/am/control/party.h"
#include "tests/am/event.h"
#include "tests/am/fake_directory.h"

namespace am::control {
namespace {

using test::CalculatorAm;
using test::Number;

// A server and a client, not connected.
class GrpcControlPlaneTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = Make({.directory = registry_.MakeDirectory()});
    ASSERT_TRUE(server_
                    ->Register(CalculatorAm::kSquare,
                               [](Context&,
                                  const Number& in) -> absl::StatusOr<Number> {
                                 Number out;
                                 out.set_value(in.value() * in.value());
                                 return out;
                               })
                    .ok());
    absl::StatusOr<std::unique_ptr<ControlServer>> control =
        ControlServer::Make(*server_);
    ASSERT_TRUE(control.ok()) << control.status();
    control_ = *std::move(control);
    client_ = Make({.directory = registry_.MakeDirectory(),
                    .control_plane = *MakeGrpcControlPlane()});
  }

  void TearDown() override {
    release_.Set();
    client_.reset();
    control_.reset();
    server_.reset();
  }

  static std::unique_ptr<Manager> Make(ManagerOptions options) {
    absl::StatusOr<std::unique_ptr<Manager>> manager =
        Manager::Make(std::move(options));
    EXPECT_TRUE(manager.ok()) << manager.status();
    return *std::move(manager);
  }

  // A client that nobody can connect to, or back to.
  static std::unique_ptr<Manager> MakeUnreachable() {
    return Make({.control_plane = *MakeGrpcControlPlane(),
                 .transport = MakeNoTransport()});
  }

  void RegisterBlock() {
    ASSERT_TRUE(server_
                    ->RegisterAck("block",
                                  [this](Context&, const std::string&) {
                                    runs_.Add();
                                    release_.Await();
                                    return absl::OkStatus();
                                  })
                    .ok());
  }

  InstanceId Connect() {
    const absl::StatusOr<PeerInfo> peer =
        client_->client().Connect(server_->peer_info());
    EXPECT_TRUE(peer.ok()) << peer.status();
    return server_->instance_id();
  }

  absl::Status TrySquare(Manager& client, const Target& target,
                         Plane plane = Plane::kAuto) {
    Number seven;
    seven.set_value(7);
    const absl::StatusOr<Number> result =
        CalculatorAm::Client(client.client(), target)
            .Square(seven, {.plane = plane})
            .Await();
    EXPECT_TRUE(!result.ok() || result->value() == 49);
    return result.status();
  }

  std::uint64_t Count(Counter counter) const {
    return client_->node().counters().of(counter);
  }

  FakeRegistry registry_;
  Tally runs_;
  Event release_;
  std::unique_ptr<Manager> server_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Manager> client_;
};

TEST_F(GrpcControlPlaneTest, AConnectedPeerHasSaidWhereItServes) {
  const InstanceId peer = Connect();
  EXPECT_TRUE(TrySquare(*client_, peer, Plane::kControl).ok());
  EXPECT_EQ(Count(Counter::kSentOverControl), 1);
  EXPECT_TRUE(TrySquare(*client_, peer).ok());
  EXPECT_EQ(Count(Counter::kSentOverControl), 1);
}

TEST_F(GrpcControlPlaneTest, TheDirectorySaysWhereAnyInstanceServes) {
  registry_.TellAll();
  EXPECT_TRUE(TrySquare(*client_, AnyInstance(), Plane::kControl).ok());
  EXPECT_TRUE(TrySquare(*client_, server_->instance_id()).ok());
  EXPECT_EQ(Count(Counter::kSentOverControl), 2);
  EXPECT_EQ(Count(Counter::kFellBack), 1);
}

TEST_F(GrpcControlPlaneTest, WhoCannotBeConnectedBackToCallsAllTheSame) {
  const std::unique_ptr<Manager> client = MakeUnreachable();
  EXPECT_FALSE(client->client()
                   .Connect(server_->peer_info(), absl::Milliseconds(10))
                   .ok());
  const absl::StatusOr<PeerInfo> peer =
      client->client().ConnectControl(control_->address());
  ASSERT_TRUE(peer.ok()) << peer.status();
  EXPECT_EQ(peer->id, server_->instance_id());
  EXPECT_EQ(peer->control_address, control_->address());
  EXPECT_TRUE(TrySquare(*client, peer->id).ok());
}

TEST_F(GrpcControlPlaneTest, NorIsThatSeenByWhoCallsAnyInstance) {
  const std::unique_ptr<Manager> client =
      Make({.directory = registry_.MakeDirectory(),
            .control_plane = *MakeGrpcControlPlane(),
            .transport = MakeNoTransport()});
  registry_.TellAll();
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = TrySquare(*client, AnyInstance());
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(client->node().counters().of(Counter::kFellBack), 3);
}

TEST_F(GrpcControlPlaneTest, ALostConnectionIsFallenBackFrom) {
  const InstanceId peer = Connect();
  ASSERT_TRUE(client_->client().Disconnect(peer).ok());
  EXPECT_TRUE(TrySquare(*client_, peer).ok());
  EXPECT_TRUE(absl::IsUnavailable(TrySquare(*client_, peer, Plane::kData)));
  EXPECT_EQ(Count(Counter::kFellBack), 1);
}

TEST_F(GrpcControlPlaneTest, ACallOverBothPlanesRunsOnce) {
  RegisterBlock();
  const InstanceId peer = Connect();
  Future<void> call = client_->client()
                          .Message("block")
                          .Retry({.max_attempts = 2})
                          .SendAndConfirm(peer);
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  ASSERT_TRUE(client_->client().Disconnect(peer).ok());
  const Counters& theirs = server_->node().counters();
  while (theirs.of(Counter::kJoined) == 0 && !call.ready()) {
    EXPECT_TRUE(TrySquare(*client_, peer).ok());
  }
  release_.Set();
  EXPECT_TRUE(call.Await().ok());
  EXPECT_EQ(theirs.of(Counter::kJoined), 1);
  EXPECT_EQ(runs_.value(), 1);
}

TEST_F(GrpcControlPlaneTest, NoOtherIncarnationIsCalled) {
  const InstanceId before(7);
  client_->node().control().NoteAddress(before, control_->address());
  const absl::Status status = TrySquare(*client_, before);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("0000000000000007 is gone"),
            absl::string_view::npos)
      << status;
}

TEST_F(GrpcControlPlaneTest, NobodyServesThereIsUnavailable) {
  const std::string address = control_->address();
  control_.reset();
  EXPECT_TRUE(
      absl::IsUnavailable(client_->client().ConnectControl(address).status()));
}

TEST_F(GrpcControlPlaneTest, OurOwnServerIsNobodyElses) {
  const std::unique_ptr<Manager> both =
      Make({.control_plane = *MakeGrpcControlPlane()});
  const auto server = ControlServer::Make(*both);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(both->client().ConnectControl((*server)->address()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(GrpcControlPlaneTest, WhatTheServersEndCutsOffIsInDoubt) {
  ASSERT_TRUE(server_
                  ->RegisterNoReturn("log",
                                     [this](Context&, const std::string&) {
                                       runs_.Add();
                                       release_.Await();
                                     })
                  .ok());
  ASSERT_TRUE(client_->client().ConnectControl(control_->address()).ok());
  ASSERT_TRUE(client_->client()
                  .Message("log")
                  .SendDetached(server_->instance_id())
                  .ok());
  ASSERT_TRUE(runs_.AwaitAtLeast(1));
  control_.reset();
  release_.Set();
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(client_->node().control().ledger().in_doubt, 1);
}

TEST_F(GrpcControlPlaneTest, MetadataTravelsAsItIs) {
  Metadata seen;
  ASSERT_TRUE(server_
                  ->RegisterAck("see",
                                [&](Context& context, const std::string&) {
                                  seen = context.metadata();
                                  return absl::OkStatus();
                                })
                  .ok());
  ASSERT_TRUE(client_->client().ConnectControl(control_->address()).ok());
  const std::string large(40'000, 'x');
  const Metadata metadata = {
      {"z", std::string("\0\xff\n", 3)}, {"a", large}, {"z", ""}};
  MessageBuilder message = client_->client().Message("see");
  for (const auto& [key, value] : metadata) message.AddMetadata(key, value);
  const absl::Status status =
      message.SendAndConfirm(server_->instance_id()).Await();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen, metadata);
}

TEST_F(GrpcControlPlaneTest, OverTlsTheServerIsChecked) {
  MakeParty("server");
  MakeParty("other");
  ControlServerOptions options;
  options.tls.certificate = Path("server.crt");
  options.tls.key = Path("server.key");
  const auto control = ControlServer::Make(*server_, options);
  ASSERT_TRUE(control.ok()) << control.status();
  const std::string address = (*control)->address();
  for (const bool is_trusted : {true, false}) {
    const auto plane = MakeGrpcControlPlane(
        {.ca = Path(is_trusted ? "server.crt" : "other.crt")});
    ASSERT_TRUE(plane.ok()) << plane.status();
    const auto client = Make({.control_plane = *plane});
    EXPECT_EQ(client->client().ConnectControl(address).ok(), is_trusted);
  }
  EXPECT_TRUE(
      absl::IsUnavailable(client_->client().ConnectControl(address).status()));
  EXPECT_EQ(MakeGrpcControlPlane({.ca = Path("none.crt")}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(GrpcControlPlaneTest, FilesThatChangeAreTakenOver) {
  const Party server = MakeParty("server"), other = MakeParty("other");
  ControlServerOptions options;
  options.tls.certificate = Path("server.crt");
  options.tls.key = Path("server.key");
  const auto control = ControlServer::Make(*server_, options);
  ASSERT_TRUE(control.ok()) << control.status();
  WriteFile(Path("trusted.crt"), other.certificate);
  const auto plane = MakeGrpcControlPlane({.ca = Path("trusted.crt")});
  ASSERT_TRUE(plane.ok()) << plane.status();
  const auto client = Make({.control_plane = *plane});
  const auto connects = [&] {
    return client->client().ConnectControl((*control)->address()).ok();
  };
  EXPECT_FALSE(connects());
  WriteFile(Path("trusted.crt"), server.certificate);
  bool connected = false;
  for (int i = 0; i < 1'000'000 && !connected; ++i) connected = connects();
  EXPECT_TRUE(connected);
}

}  // namespace
}  // namespace am::control
