// Which way a message goes, and that what is promised holds on both. The
// control plane is a fake one, without gRPC.
#include "am/control_plane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "am/v1/wire.pb.h"
#include "tests/am/event.h"
#include "tests/am/fake_control_plane.h"
#include "tests/am/fake_directory.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

constexpr char kAddress[] = "server:1";

constexpr RetryPolicy kTwice{.max_attempts = 2,
                             .initial_backoff = absl::Milliseconds(1)};

class ControlPlaneTest : public PairTest {
 protected:
  // A client with a control plane, that is connected to a server whose address
  // it knows.
  void StartPlane(ManagerOptions client = {}) {
    client.control_plane = plane_;
    server_ = world_.MakeManager();
    server_->SetControlAddress(kAddress);
    ASSERT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
    client_ = world_.MakeManager(std::move(client));
    peer_ = world_.Connect(*client_, *server_);
  }

  void Disconnect() { ASSERT_TRUE(client_->client().Disconnect(peer_).ok()); }

  Future<std::string> Begin(const MessageBuilder& message) const {
    return message.Expect<std::string>().Send(peer_);
  }

  MessageBuilder OverControl(absl::string_view handler) const {
    return Message(handler).Plane(Plane::kControl);
  }

  std::uint64_t Count(Counter counter) const {
    return client_->node().counters().of(counter);
  }

  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  const std::shared_ptr<FakeControlPlane> plane_ =
      std::make_shared<FakeControlPlane>();
  FakeRegistry registry_;
  Event running_;
  Event release_;
};
INSTANTIATE_TEST_SUITE_P(Planes, ControlPlaneTest,
                         testing::Values(Carrier::kInProcess), PlaneName);

// -- The way -----------------------------------------------------------------

TEST_P(ControlPlaneTest, DataIsTheWayWhileThereIsAConnection) {
  StartPlane();
  EXPECT_EQ(*Ask("echo"), "x");
  EXPECT_EQ(plane_->sent(), 0);
  EXPECT_EQ(Count(Counter::kSentOverData), 1);
}

TEST_P(ControlPlaneTest, ControlIsTheWayForWhoAsks) {
  StartPlane();
  Future<std::string> call = Begin(OverControl("echo").AddMetadata("k", "v"));
  const ControlPlane::Message message = plane_->Await(0);
  EXPECT_EQ(message.address, kAddress);
  EXPECT_EQ(message.handler, "am.v1.Handlers/echo");
  EXPECT_EQ(message.sender, client_->instance_id());
  EXPECT_EQ(message.target, peer_);
  EXPECT_EQ(message.header.kind, MessageKind::kCall);
  EXPECT_NE(message.header.call_id, 0);
  EXPECT_EQ(message.payload.view(), "x");
  EXPECT_EQ(*DecodeMetadata(message.metadata), (Metadata{{"k", "v"}}));
  EXPECT_GT(message.timeout, absl::Seconds(1));
  plane_->Answer(0, "y");
  EXPECT_EQ(*call.Await(), "y");
  EXPECT_EQ(Count(Counter::kSentOverControl), 1);
  EXPECT_EQ(Count(Counter::kFellBack), 0);
}

TEST_P(ControlPlaneTest, WithoutAConnectionAMessageFallsBackToControl) {
  StartPlane();
  Disconnect();
  Future<std::string> call = Begin(Message("echo"));
  plane_->Answer(0, "y");
  EXPECT_EQ(*call.Await(), "y");
  EXPECT_EQ(Count(Counter::kFellBack), 1);
  world_.Connect(*client_, *server_);
  EXPECT_EQ(*Ask("echo"), "x");
}

TEST_P(ControlPlaneTest, WhoAsksForDataGetsNothingElse) {
  StartPlane();
  Disconnect();
  EXPECT_TRUE(absl::IsUnavailable(
      Begin(Message("echo").Plane(Plane::kData)).Await().status()));
  EXPECT_EQ(plane_->sent(), 0);
}

TEST_P(ControlPlaneTest, WhatIsOrderedKeepsToData) {
  StartPlane();
  Disconnect();
  MethodSpec spec;
  spec.name = "am.v1.Handlers/echo";
  spec.id = HandlerId(spec.name);
  spec.ordered = true;
  const auto call = client_->client().StartCall(spec, peer_, Payload(), {});
  call->Wait();
  EXPECT_TRUE(absl::IsUnavailable(call->TakeReply().status));
  EXPECT_EQ(plane_->sent(), 0);
}

TEST_P(ControlPlaneTest, WithoutAControlPlaneItCannotBeAskedFor) {
  Start();
  EXPECT_EQ(Begin(OverControl("echo")).Await().status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OverControl("log").SendDetached(peer_).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(ControlPlaneTest, WithoutAnAddressItIsUnavailable) {
  StartPlane();
  const InstanceId stranger(7);
  EXPECT_TRUE(absl::IsUnavailable(
      OverControl("echo").SendAndConfirm(stranger).Await()));
  EXPECT_TRUE(
      absl::IsUnavailable(Message("echo").SendAndConfirm(stranger).Await()));
}

TEST_P(ControlPlaneTest, WhoeverServesAtAnAddressCanBeAskedWhoItIs) {
  StartPlane();
  v1::PeerInfo info;
  info.set_id(7);
  std::thread answer([&] { plane_->Answer(0, info.SerializeAsString()); });
  const absl::StatusOr<PeerInfo> found =
      client_->client().ConnectControl("there:2");
  answer.join();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(plane_->Await(0).target, InstanceId());
  EXPECT_EQ(found->id, InstanceId(7));
  const Future<void> call = Message("check").SendAndConfirm(found->id);
  EXPECT_EQ(plane_->Await(1).address, "there:2");
}

TEST_P(ControlPlaneTest, WhoIsOnlyBeingConnectedToIsReachedOverControl) {
  ManagerOptions options;
  options.directory = registry_.MakeDirectory();
  StartPlane(std::move(options));
  InstanceRecord record;
  record.peer.id = InstanceId(7);
  record.peer.addresses = {transport::Address::InProcess("nowhere")};
  record.handlers = {{"am.v1.Handlers/far", Pattern::kAck, "", ""}};
  record.control_address = "far:3";
  registry_.Add(record);
  registry_.TellAll();
  for (int i = 0; i < 3; ++i) {
    Future<void> call = Message("far").SendAndConfirm(AnyInstance());
    EXPECT_EQ(plane_->Await(i).address, "far:3");
    plane_->Answer(i, "");
    EXPECT_TRUE(call.Await().ok());
  }
}

// -- Ends --------------------------------------------------------------------

TEST_P(ControlPlaneTest, LossOfThePeerEndsNoCallOverControl) {
  StartPlane();
  Future<std::string> call = Begin(OverControl("echo"));
  Disconnect();
  EXPECT_FALSE(call.ready());
  plane_->Answer(0, "y");
  EXPECT_EQ(*call.Await(), "y");
}

TEST_P(ControlPlaneTest, RetryOverTheOtherPlaneIsTheSameCall) {
  StartPlane();
  std::atomic<std::uint64_t> id = 0;
  ASSERT_TRUE(server_
                  ->RegisterAck("block",
                                [&](Context& context, const std::string&) {
                                  id = context.call_id();
                                  running_.Set();
                                  release_.Await();
                                  return absl::OkStatus();
                                })
                  .ok());
  Future<void> call = Message("block").Retry(kTwice).SendAndConfirm(peer_);
  ASSERT_TRUE(running_.Await());
  Disconnect();
  const MessageHeader header = plane_->Await(0).header;
  EXPECT_EQ(header.call_id, id);
  EXPECT_EQ(header.flags, kTracked | kRepeated);
  EXPECT_FALSE(call.ready());
  plane_->Answer(0, "");
  EXPECT_TRUE(call.Await().ok());
}

TEST_P(ControlPlaneTest, AttemptThatDidNotRunIsMadeAgain) {
  StartPlane();
  Future<std::string> call = Begin(OverControl("echo").Retry(kTwice));
  plane_->Fail(0, absl::ResourceExhaustedError("full"), AttemptEnd::kUnsent);
  EXPECT_EQ(plane_->Await(1).header.call_id, plane_->Await(0).header.call_id);
  EXPECT_EQ(plane_->Await(1).header.flags, kTracked);
  plane_->Answer(1, "y");
  EXPECT_EQ(*call.Await(), "y");
}

TEST_P(ControlPlaneTest, FailureOfAHandlerIsNotRetried) {
  StartPlane();
  Future<std::string> call = Begin(OverControl("echo").Retry(kTwice));
  plane_->Fail(0, absl::UnavailableError("not now"), AttemptEnd::kRan);
  EXPECT_EQ(call.Await().status(), absl::UnavailableError("not now"));
  EXPECT_EQ(plane_->sent(), 1);
}

TEST_P(ControlPlaneTest, CancellationTravels) {
  StartPlane();
  Begin(OverControl("echo")).Cancel();
  EXPECT_TRUE(plane_->AwaitCancelled(0));
}

TEST_P(ControlPlaneTest, AtTheDeadlineTheCallEndsAndIsCancelled) {
  StartPlane();
  Future<std::string> call =
      Begin(OverControl("echo").Timeout(absl::Milliseconds(10)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(call.Await().status()));
  EXPECT_TRUE(plane_->AwaitCancelled(0));
}

TEST_P(ControlPlaneTest, ShutdownEndsEachCallOnce) {
  StartPlane();
  std::atomic<int> ends = 0;
  for (int i = 0; i < 10; ++i) {
    Begin(OverControl("echo")).OnDone([&](absl::StatusOr<std::string> result) {
      EXPECT_TRUE(absl::IsUnavailable(result.status()));
      ++ends;
    });
  }
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(ends, 10);
  EXPECT_TRUE(absl::IsUnavailable(Begin(OverControl("echo")).Await().status()));
}

// -- One-way -----------------------------------------------------------------

TEST_P(ControlPlaneTest, OneWayMessagesAreAccountedFor) {
  StartPlane();
  Disconnect();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Tell("log").ok());
  EXPECT_EQ(plane_->Await(0).header.kind, MessageKind::kNoReturn);
  plane_->Answer(0, "");
  plane_->Fail(1, absl::UnimplementedError(""), AttemptEnd::kRan);
  plane_->Fail(2, absl::UnavailableError("another"), AttemptEnd::kUnsent);
  plane_->Fail(3, absl::UnavailableError("cut"), AttemptEnd::kLost);
  const Ledger ledger = client_->node().control().ledger();
  EXPECT_EQ(ledger.ToString(),
            "accepted 5 = delivered 1 + expired 0 + rejected 1 + overloaded 0 "
            "+ draining 0 + link lost 1 + in doubt 1 + in flight 1");
  plane_->Answer(4, "");
}

TEST_P(ControlPlaneTest, ShutdownWaitsForOneWayMessages) {
  StartPlane();
  ASSERT_TRUE(OverControl("log").SendDetached(peer_).ok());
  plane_->Answer(0, "");
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(OverControl("log").SendDetached(peer_).code(),
            absl::StatusCode::kUnavailable);
}

TEST_P(ControlPlaneTest, WhatIsUnderWayIsBounded) {
  StartPlane({.link = {.queue_messages = 1}});
  ASSERT_TRUE(OverControl("log").SendDetached(peer_).ok());
  EXPECT_EQ(OverControl("log").SendDetached(peer_).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Begin(OverControl("echo")).Await().status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(client_->node().control().ledger().refused, 1);
  plane_->Answer(0, "");
}

TEST_P(ControlPlaneTest, WhoWaitsForRoomIsLetIn) {
  StartPlane({.link = {.queue_messages = 1}});
  ASSERT_TRUE(OverControl("log").SendDetached(peer_).ok());
  std::thread answer([&] {
    plane_->Answer(0, "");
    plane_->Answer(1, "");
  });
  EXPECT_TRUE(OverControl("log").WaitWhenFull().SendDetached(peer_).ok());
  answer.join();
}

}  // namespace
}  // namespace am
