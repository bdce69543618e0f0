// Shutdown drains, within a bound, and obeys the caller's stop token.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "am/wire/wire_status.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/skewed_clock.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

class ShutdownTest : public PairTest {
 protected:
  // A server with a handler that holds its calls until released.
  void StartBlocking(const ManagerOptions& options = {}) {
    Start(options);
    const auto block = [this](Context&, const std::string&) {
      entered_.Add();
      release_.Await();
      return absl::OkStatus();
    };
    EXPECT_TRUE(server_->RegisterAck("block", block).ok());
    EXPECT_TRUE(server_->RegisterAck("ok", &AlwaysOk).ok());
  }
  void TearDown() override {
    release_.Set();
    client_.reset();
    server_.reset();
  }

  // Calls until the answer is `code`.
  bool AnswersAtLast(Stranger& stranger, absl::StatusCode code) {
    for (std::uint64_t id = 100; id < 20'000; ++id) {
      stranger.Send(AckCallOf("ok", id), "x");
      const auto reply = stranger.Await(MessageKind::kReply);
      if (!reply.has_value()) return false;
      if (reply->header.status == static_cast<std::uint8_t>(code)) return true;
    }
    return false;
  }

  SkewedClock clock_;
  Tally entered_;
  Event release_;
};
INSTANTIATE_PLANES(ShutdownTest);

TEST_P(ShutdownTest, IdleInstanceEndsAtOnce) {
  Start();
  EXPECT_TRUE(server_->Shutdown().ok());
  EXPECT_TRUE(server_->Shutdown().ok());
  EXPECT_TRUE(server_->AwaitShutdown().ok());
}

TEST_P(ShutdownTest, InstanceThatNeverMetAnyoneEnds) {
  EXPECT_TRUE(world_.MakeManager()->Shutdown().ok());
  world_.MakeManager().reset();
}

TEST_P(ShutdownTest, RunningCallsAreFinished) {
  StartBlocking();
  std::vector<Future<void>> calls;
  for (int i = 0; i < 5; ++i) {
    calls.push_back(Message("block").SendAndConfirm(peer_));
  }
  ASSERT_TRUE(entered_.AwaitAtLeast(5));
  std::thread shutdown([this] { EXPECT_TRUE(server_->Shutdown().ok()); });
  release_.Set();
  for (Future<void>& call : calls) EXPECT_TRUE(call.Await().ok());
  shutdown.join();
}

TEST_P(ShutdownTest, AcceptedOneWayMessagesAreDelivered) {
  Start();
  Tally logged;
  const auto log = [&](Context&, const std::string&) { logged.Add(); };
  ASSERT_TRUE(server_->RegisterNoReturn("log", log).ok());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(Message("log").WaitWhenFull().SendDetached(peer_).ok());
  }
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_TRUE(server_->Shutdown().ok());
  EXPECT_EQ(logged.value(), 5000);
}

TEST_P(ShutdownTest, OneWayMessagesThatWaitOutliveTheirSender) {
  Start();
  Tally logged;
  const auto log = [&](Context&, const std::string& what) {
    if (what == "hold") release_.Await();
    logged.Add();
  };
  ASSERT_TRUE(
      server_->RegisterNoReturn("log", log, {.max_concurrency = 1}).ok());
  ASSERT_TRUE(Tell("log", "hold").ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Tell("log").ok());
  EXPECT_TRUE(client_->Shutdown().ok());
  const auto witness = world_.MakeManager();
  const InstanceId server = world_.Connect(*witness, *server_);
  const auto sender = server_->node().peers().Find(client_->instance_id());
  // One more call after the goodbye: then all it causes has happened.
  for (int left = 2; left > 0; left -= sender->state() == PeerState::kLost) {
    ASSERT_TRUE(witness->client().HealthCheck(server).Await().ok());
  }
  release_.Set();
  EXPECT_TRUE(logged.AwaitAtLeast(11));
  server_.reset();
}

TEST_P(ShutdownTest, ServesThroughTheGraceRefusesAfterItAndSaysGoodbye) {
  StartBlocking({.drain_grace = absl::Hours(1),
                 .shutdown_timeout = absl::Hours(20),
                 .clock = &clock_});
  Stranger witness(world_, *server_);
  ASSERT_TRUE(witness.Join());
  witness.Send(AckCallOf("block", 1), "x");
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  std::thread shutdown([this] { EXPECT_TRUE(server_->Shutdown().ok()); });
  EXPECT_TRUE(witness.Await(MessageKind::kDraining).has_value());
  EXPECT_TRUE(AnswersAtLast(witness, absl::StatusCode::kOk));
  clock_.Jump(absl::Hours(2));
  EXPECT_TRUE(AnswersAtLast(witness, absl::StatusCode::kUnavailable));
  release_.Set();
  const auto last = witness.Await(MessageKind::kReply);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->header.call_id, 1);
  EXPECT_EQ(last->header.status, 0);
  witness.SendCounts();
  EXPECT_TRUE(witness.Await(MessageKind::kGoodbye).has_value());
  shutdown.join();
}

TEST_P(ShutdownTest, ACallBegunAfterItIsToldSoOnTheCallersThread) {
  StartBlocking();
  EXPECT_TRUE(client_->Shutdown().ok());
  absl::Status told;
  Message("ok").SendAndConfirm(peer_).OnDone(
      [&](absl::Status status) { told = std::move(status); });
  EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable) << told;
}

// A callback that calls again whenever it is told of a failure ends with it.
TEST_P(ShutdownTest, ALoopOfCallsDoesNotOutliveIt) {
  StartBlocking();
  std::atomic<int> told = 0;
  std::function<void()> again = [&] {
    Message("ok").SendAndConfirm(peer_).OnDone([&](const absl::Status&) {
      ++told;
      again();
    });
  };
  again();
  EXPECT_TRUE(client_->Shutdown().ok());
  client_.reset();
  EXPECT_GT(told.load(), 0);
}

TEST_P(ShutdownTest, HealthSaysThatItDrains) {
  StartBlocking({.drain_grace = absl::Hours(1),
                 .shutdown_timeout = absl::Hours(20),
                 .clock = &clock_});
  Stranger witness(world_, *server_);
  ASSERT_TRUE(witness.Join());
  std::thread shutdown([this] { EXPECT_TRUE(server_->Shutdown().ok()); });
  EXPECT_TRUE(witness.Await(MessageKind::kDraining).has_value());
  witness.Send(CallOf("am.v1.Node/HealthCheck"));
  const auto reply = witness.Await(MessageKind::kReply);
  ASSERT_TRUE(reply.has_value());
  v1::HealthCheckResponse health;
  ASSERT_TRUE(health.ParseFromString(reply->payload));
  EXPECT_EQ(health.status(), v1::HealthCheckResponse::DRAINING);
  clock_.Jump(absl::Hours(2));
  witness.SendCounts();
  shutdown.join();
}

TEST_P(ShutdownTest, NobodyWaitsForAHandlerOfWhoDrains) {
  StartBlocking({.drain_grace = absl::Hours(1),
                 .shutdown_timeout = absl::Hours(20),
                 .clock = &clock_});
  std::thread shutdown([this] { server_->Shutdown().IgnoreError(); });
  EXPECT_TRUE(ServesUntil([this] { return server_->node().is_draining(); }));
  EXPECT_EQ(client_->client()
                .AwaitHandler(peer_, "one", absl::Hours(1))
                .Await()
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
  clock_.Jump(absl::Hours(2));
  shutdown.join();
}

TEST_P(ShutdownTest, PeersStopSendingToWhoDrains) {
  StartBlocking();
  Message("block").SendAndConfirm(peer_).Detach();
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  std::thread shutdown([this] { EXPECT_TRUE(server_->Shutdown().ok()); });
  absl::Status status;
  for (int i = 0; i < 20'000 && status.ok(); ++i) status = Confirm("ok");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  release_.Set();
  shutdown.join();
}

TEST_P(ShutdownTest, BoundHoldsAgainstHandlersThatObeyTheirStopToken) {
  Start({.shutdown_timeout = absl::Milliseconds(50)});
  Event stopped;
  const auto block = [&](Context& context, const std::string&) {
    const std::stop_callback on_stop(context.stop_token(),
                                     [&] { stopped.Set(); });
    entered_.Add();
    stopped.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("block", block).ok());
  Future<void> call = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  EXPECT_EQ(server_->Shutdown().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(stopped.is_set());
  EXPECT_TRUE(call.Await().ok());  // Its reply left before the end.
  server_.reset();
}

TEST_P(ShutdownTest, BoundHoldsAgainstPeersThatDoNotCount) {
  Start({}, {.shutdown_timeout = absl::Milliseconds(50)});
  Stranger deaf(world_, *client_);
  ASSERT_TRUE(deaf.Join());
  EXPECT_TRUE(client_->client().Message("log").SendDetached(deaf.id()).ok());
  EXPECT_EQ(client_->Shutdown().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_P(ShutdownTest, OwnPendingCallsAreUnavailable) {
  StartBlocking();
  Future<void> call = Message("block").SendAndConfirm(peer_);
  ASSERT_TRUE(entered_.AwaitAtLeast(1));
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
}

TEST_P(ShutdownTest, NothingCanBeSentAfterwards) {
  StartBlocking();
  EXPECT_TRUE(client_->Shutdown().ok());
  EXPECT_EQ(Tell("log").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Confirm("ok").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_->client().Connect(world_.InfoOf(*server_)).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_P(ShutdownTest, PeersSeeAnOrderlyEnd) {
  Start();
  EXPECT_TRUE(server_->Shutdown().ok());
  EXPECT_EQ(Confirm("ok").code(), absl::StatusCode::kUnavailable);
}

TEST_P(ShutdownTest, StopTokenBeginsIt) {
  std::stop_source stop;
  StartBlocking({.stop = stop.get_token()});
  stop.request_stop();
  EXPECT_TRUE(server_->AwaitShutdown().ok());
  EXPECT_EQ(Confirm("ok").code(), absl::StatusCode::kUnavailable);
}

TEST_P(ShutdownTest, StopTokenMayBeSharedAndStopsNobodyElse) {
  std::stop_source stop;
  const auto one = world_.MakeManager({.stop = stop.get_token()});
  const auto two = world_.MakeManager({.stop = stop.get_token()});
  StartBlocking();
  stop.request_stop();
  EXPECT_TRUE(one->AwaitShutdown().ok());
  EXPECT_TRUE(two->AwaitShutdown().ok());
  EXPECT_TRUE(Confirm("ok").ok());
}

TEST_P(ShutdownTest, StopRequestedBeforehandIsObeyed) {
  std::stop_source stop;
  stop.request_stop();
  const auto manager = world_.MakeManager({.stop = stop.get_token()});
  EXPECT_TRUE(manager->AwaitShutdown().ok());
}

TEST_P(ShutdownTest, StopFromWithinAHandlerIsObeyed) {
  std::stop_source stop;
  Start({.stop = stop.get_token()});
  const auto halt = [&](Context&, const std::string&) {
    stop.request_stop();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("halt", halt).ok());
  EXPECT_TRUE(Confirm("halt").ok());
  EXPECT_TRUE(server_->AwaitShutdown().ok());
  server_.reset();
}

TEST_P(ShutdownTest, ManyMayAskForItAtOnce) {
  std::stop_source stop;
  Start({.stop = stop.get_token()});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      stop.request_stop();
      EXPECT_TRUE(server_->Shutdown().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace am
