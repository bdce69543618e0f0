// Messages of an instance to itself: handlers, limits and ends as for others.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

class SelfCallTest : public PlaneTest {
 protected:
  Future<std::string> Ask(absl::string_view handler) const {
    return manager_->client()
        .Message(handler)
        .Payload("x")
        .Expect<std::string>()
        .Send(manager_->instance_id());
  }

  // What handlers wait for outlives them.
  Event running_, stopped_;
  Tally told_;
  std::unique_ptr<Manager> manager_ = world_.MakeManager();
};
INSTANTIATE_TEST_SUITE_P(, SelfCallTest, testing::Values(Carrier::kInProcess));

TEST_P(SelfCallTest, IsAnswered) {
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Ask("echo").Await().value(), "x");
}

TEST_P(SelfCallTest, OfAHandlerThatIsNotThereIsRefused) {
  EXPECT_TRUE(absl::IsUnimplemented(Ask("none").Await().status()));
}

TEST_P(SelfCallTest, MayBeMadeWithinAHandler) {
  ASSERT_TRUE(manager_->RegisterResponse("inner", Echo).ok());
  const auto outer = [this](Context& context, const std::string&) {
    EXPECT_EQ(context.sender(), manager_->instance_id());
    return Ask("inner").Await();
  };
  ASSERT_TRUE(manager_->RegisterResponse("outer", outer).ok());
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Ask("outer").Await().value(), "x");
}

TEST_P(SelfCallTest, CancellingReachesTheHandler) {
  const auto wait = [this](Context& context, const std::string&) {
    std::stop_callback on_stop(context.stop_token(),
                               [this] { stopped_.Set(); });
    running_.Set();
    stopped_.Await();
    return absl::StatusOr<std::string>("");
  };
  ASSERT_TRUE(manager_->RegisterResponse("wait", wait).ok());
  Future<std::string> call = Ask("wait");
  EXPECT_TRUE(running_.Await());
  call.Cancel();
  EXPECT_TRUE(stopped_.Await());
}

TEST_P(SelfCallTest, AnInlineHandlerRunsOnTheThreadThatSends) {
  std::thread::id ran;
  const auto note = [&](Context&, const std::string&) {
    ran = std::this_thread::get_id();
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      manager_->RegisterAck("note", note, {.execution = Execution::kInline})
          .ok());
  const Future<void> call = manager_->client().Message("note").SendAndConfirm(
      manager_->instance_id());
  EXPECT_TRUE(call.ready());
  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST_P(SelfCallTest, AnInlineHandlerMayCallItselfWithoutEnd) {
  const auto again = [this](Context& context, const std::string&) {
    context.client()
        .Message("again")
        .SendDetached(manager_->instance_id())
        .IgnoreError();
    told_.Add();
  };
  ASSERT_TRUE(
      manager_
          ->RegisterNoReturn("again", again, {.execution = Execution::kInline})
          .ok());
  ASSERT_TRUE(manager_->client()
                  .Message("again")
                  .SendDetached(manager_->instance_id())
                  .ok());
  EXPECT_TRUE(told_.AwaitAtLeast(10'000));
}

TEST_P(SelfCallTest, OneWayMessagesOfAnOrderedHandlerRunInOrder) {
  constexpr int kMessages = 200;
  std::vector<std::string> seen;
  const auto note = [&](Context&, const std::string& in) {
    seen.push_back(in);
    told_.Add();
  };
  ASSERT_TRUE(manager_->RegisterNoReturn("note", note, {.ordered = true}).ok());
  std::vector<std::string> sent;
  for (int i = 0; i < kMessages; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(manager_->client()
                    .Message("note")
                    .Payload(sent.back())
                    .SendDetached(manager_->instance_id())
                    .ok());
  }
  ASSERT_TRUE(told_.AwaitAtLeast(kMessages));
  EXPECT_EQ(seen, sent);
}

TEST_P(SelfCallTest, EveryOneWayMessageIsAccountedFor) {
  ASSERT_TRUE(
      manager_
          ->RegisterNoReturn(
              "note", [this](Context&, const std::string&) { told_.Add(); })
          .ok());
  const Client& client = manager_->client();
  const InstanceId self = manager_->instance_id();
  ASSERT_TRUE(client.Message("note").SendDetached(self).ok());
  ASSERT_TRUE(client.Message("none").SendDetached(self).ok());
  ASSERT_TRUE(told_.AwaitAtLeast(1));
  EXPECT_TRUE(manager_->Shutdown().ok());
  const Ledger ledger = *client.LedgerOf(self);
  EXPECT_EQ(ledger.accepted, 2u);
  EXPECT_EQ(ledger.received.delivered, 1u);
  EXPECT_EQ(ledger.received.rejected + ledger.received.draining, 1u);
}

// The one thread that does not receive is held: nothing leaves the queue.
TEST_P(SelfCallTest, WhatWaitsIsBounded) {
  ManagerOptions options;
  options.execution = {.min_threads = 2, .max_threads = 2};
  options.link.queue_messages = 10;
  const auto manager = world_.MakeManager(options);
  const auto hold = [this](Context&, const std::string&) {
    running_.Set();
    stopped_.Await();
    told_.Add();
  };
  ASSERT_TRUE(manager->RegisterNoReturn("hold", hold).ok());
  const MessageBuilder message = manager->client().Message("hold");
  const auto send = [&] {
    return message.SendDetached(manager->instance_id());
  };
  std::uint64_t accepted = 0;
  absl::Status refused;
  while (refused.ok() && accepted < 10'000) {
    refused = send();
    accepted += refused.ok();
    if (accepted == 1) {
      ASSERT_TRUE(running_.Await());
    }
  }
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  stopped_.Set();
  MessageBuilder patient = message;
  EXPECT_TRUE(patient.WaitWhenFull().SendDetached(manager->instance_id()).ok());
  EXPECT_TRUE(told_.AwaitAtLeast(static_cast<int>(accepted) + 1));
  const Ledger ledger = *manager->client().LedgerOf(manager->instance_id());
  EXPECT_EQ(ledger.accepted, accepted + 1);
  EXPECT_GE(ledger.refused, 1u);
}

}  // namespace
}  // namespace am
