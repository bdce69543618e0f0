// Messages that do not come from a peer's link: the same limits, deadlines,
// cancellation, order and memory of repetitions.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "am/v1/node.pb.h"
#include "am/wire/wire_status.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/skewed_clock.h"

namespace am {
namespace {

// Hears of one message.
class Caller final : public Sender {
 public:
  explicit Caller(InstanceId id = {}) : Sender(id) {}

  void Reply(const MessageHeader& header, absl::string_view metadata,
             const Payload& value) override {
    if (while_told) while_told();
    status = DecodeStatus(header.status, metadata);
    ran = (header.flags & kNotRun) == 0;
    text = std::string(value.ToBuffer().view());
    done.Set();
  }
  void Account(const absl::Status& outcome) override {
    status = outcome;
    done.Set();
  }

  std::function<void()> while_told;
  absl::Status status;
  bool ran = false;
  std::string text;
  Event done;
};

class LocalDispatchTest : public testing::Test {
 protected:
  void Start(ManagerOptions options = {}) {
    manager_ = World(Carrier::kTcp).MakeManager(std::move(options));
  }

  Dispatcher::LocalMessage To(absl::string_view handler,
                              std::shared_ptr<Caller> caller) const {
    Dispatcher::LocalMessage message;
    message.sender = std::move(caller);
    message.handler =
        manager_->node().handlers().FindByName(FullHandlerName(handler));
    message.header.kind = MessageKind::kCall;
    message.payload = transport::Buffer(std::string("x"));
    message.deadline = manager_->node().clock().Now() + absl::Seconds(30);
    return message;
  }

  bool Dispatch(Dispatcher::LocalMessage message) const {
    return manager_->node().dispatcher().DispatchLocal(std::move(message));
  }

  std::shared_ptr<Caller> Ask(absl::string_view handler) const {
    auto caller = std::make_shared<Caller>();
    Dispatch(To(handler, caller));
    EXPECT_TRUE(caller->done.Await());
    return caller;
  }

  std::unique_ptr<Manager> manager_;
};

TEST_F(LocalDispatchTest, WhatIsNotAdmittedDoesNotRun) {
  Start();
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  HandlerTable& handlers = manager_->node().handlers();
  handlers.SetAdmission([](InstanceId, absl::string_view metadata) {
    return absl::FailedPreconditionError(std::string(metadata));
  });
  EXPECT_TRUE(Ask("echo")->status.ok()) << "it has no metadata to be asked of";
  auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("echo", caller);
  message.metadata = transport::Buffer(*EncodeMetadata({{"key", "value"}}));
  Dispatch(message);
  ASSERT_TRUE(caller->done.Await());
  EXPECT_TRUE(absl::IsFailedPrecondition(caller->status)) << caller->status;
  EXPECT_FALSE(caller->ran);
  EXPECT_EQ(manager_->node().counters().of(Counter::kNotAdmitted), 1);
  handlers.SetAdmission(nullptr);
  caller = std::make_shared<Caller>();
  message.sender = caller;
  Dispatch(message);
  ASSERT_TRUE(caller->done.Await());
  EXPECT_TRUE(caller->status.ok());
}

TEST_F(LocalDispatchTest, ACallIsAnswered) {
  Start();
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  EXPECT_EQ(Ask("echo")->text, "x");
}

TEST_F(LocalDispatchTest, AnInstanceSaysAlsoThatItHasShutDown) {
  Start();
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  EXPECT_TRUE(manager_->Shutdown().ok());
  EXPECT_EQ(Ask("echo")->status.code(), absl::StatusCode::kUnavailable);
  const auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("am.v1.Node/HealthCheck", caller);
  message.payload = {};
  message.header.codec = Codec::kProtobuf;
  Dispatch(std::move(message));
  ASSERT_TRUE(caller->done.Await());
  EXPECT_TRUE(caller->status.ok()) << caller->status;
  v1::HealthCheckResponse health;
  ASSERT_TRUE(health.ParseFromString(caller->text));
  EXPECT_EQ(health.status(), v1::HealthCheckResponse::STOPPED);
}

// As one that sends it within Reply.
TEST_F(LocalDispatchTest, TimeThatItsAnswerTakesMakesNoHandlerSlow) {
  SkewedClock clock;
  Start({.execution = {.inline_below = absl::Milliseconds(500)},
         .clock = &clock});
  std::thread::id ran_on;
  const auto note = [&](Context&, const std::string&) {
    ran_on = std::this_thread::get_id();
    return absl::OkStatus();
  };
  ASSERT_TRUE(manager_->RegisterAck("note", note).ok());
  for (int i = 0; i < 100 && ran_on != std::this_thread::get_id(); ++i) {
    auto caller = std::make_shared<Caller>();
    caller->while_told = [&] { clock.Jump(absl::Seconds(1)); };
    Dispatcher::LocalMessage message = To("note", caller);
    message.header.kind = MessageKind::kAckCall;
    Dispatch(std::move(message));
    ASSERT_TRUE(caller->done.Await());
  }
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  manager_.reset();
}

TEST_F(LocalDispatchTest, AQuickHandlerRunsOnTheThreadOfItsCaller) {
  Start();
  std::thread::id ran_on;
  const auto note = [&](Context&, const std::string&) {
    ran_on = std::this_thread::get_id();
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      manager_->RegisterAck("note", note, {.execution = Execution::kInline})
          .ok());
  auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("note", caller);
  message.header.kind = MessageKind::kAckCall;
  EXPECT_TRUE(Dispatch(std::move(message)));
  EXPECT_TRUE(caller->done.is_set());
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_F(LocalDispatchTest, AnotherPatternIsRefused) {
  Start();
  ASSERT_TRUE(manager_->RegisterAck("check", AlwaysOk).ok());
  const std::shared_ptr<Caller> caller = Ask("check");
  EXPECT_TRUE(absl::IsFailedPrecondition(caller->status)) << caller->status;
  EXPECT_FALSE(caller->ran);
}

TEST_F(LocalDispatchTest, ADeadlineThatHasPassedIsRefused) {
  Start();
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("echo", caller);
  message.deadline = manager_->node().clock().Now() - absl::Seconds(1);
  EXPECT_FALSE(Dispatch(std::move(message)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(caller->status));
}

TEST_F(LocalDispatchTest, StopReachesTheHandlersContext) {
  Start();
  Event running;
  const auto wait = [&](Context& context, const std::string&) {
    Event stopped;
    std::stop_callback on_stop(context.stop_token(), [&] { stopped.Set(); });
    running.Set();
    return stopped.Await() ? absl::CancelledError("") : absl::OkStatus();
  };
  ASSERT_TRUE(manager_->RegisterAck("wait", wait).ok());
  auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("wait", caller);
  message.header.kind = MessageKind::kAckCall;
  std::stop_source stop = message.stop;
  Dispatch(std::move(message));
  ASSERT_TRUE(running.Await());
  stop.request_stop();
  ASSERT_TRUE(caller->done.Await());
  EXPECT_TRUE(absl::IsCancelled(caller->status));
}

TEST_F(LocalDispatchTest, TheLimitOfAHandlerHolds) {
  Start();
  Occupancy occupancy;
  const auto visit = [&](Context&, const std::string&) {
    const Occupancy::Visit within(occupancy);
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      manager_->RegisterAck("visit", visit, {.max_concurrency = 1}).ok());
  std::vector<std::shared_ptr<Caller>> callers;
  for (int i = 0; i < 50; ++i) {
    callers.push_back(std::make_shared<Caller>());
    Dispatcher::LocalMessage message = To("visit", callers.back());
    message.header.kind = MessageKind::kAckCall;
    Dispatch(std::move(message));
  }
  for (const auto& caller : callers) EXPECT_TRUE(caller->done.Await());
  EXPECT_EQ(occupancy.highest(), 1);
}

TEST_F(LocalDispatchTest, ACallThatComesTwiceRunsOnceAndBothAreAnswered) {
  Start();
  Tally runs;
  Event go_on;
  const auto count = [&](Context&, const std::string&) {
    runs.Add();
    go_on.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(manager_->RegisterAck("count", count).ok());
  const auto send = [&] {
    auto caller = std::make_shared<Caller>(InstanceId(7));
    Dispatcher::LocalMessage message = To("count", caller);
    message.header.kind = MessageKind::kAckCall;
    message.header.flags = kTracked | kRepeated;
    message.header.call_id = 3;
    EXPECT_TRUE(Dispatch(std::move(message)));
    return caller;
  };
  const auto first = send();
  ASSERT_TRUE(runs.AwaitAtLeast(1));
  const auto second = send();
  go_on.Set();
  EXPECT_TRUE(first->done.Await());
  EXPECT_TRUE(second->done.Await());
  EXPECT_TRUE(send()->done.is_set()) << "answered from the window";
  EXPECT_EQ(runs.value(), 1);
}

TEST_F(LocalDispatchTest, AOneWayMessageIsAccountedFor) {
  Start();
  ASSERT_TRUE(
      manager_->RegisterNoReturn("note", [](Context&, const std::string&) {})
          .ok());
  auto caller = std::make_shared<Caller>();
  Dispatcher::LocalMessage message = To("note", caller);
  message.header.kind = MessageKind::kNoReturn;
  EXPECT_TRUE(Dispatch(std::move(message)));
  EXPECT_TRUE(caller->done.Await());
  EXPECT_TRUE(caller->status.ok());
}

TEST_F(LocalDispatchTest, AfterAShutdownMessagesAreRefused) {
  Start();
  ASSERT_TRUE(manager_->RegisterResponse("echo", Echo).ok());
  ASSERT_TRUE(manager_->Shutdown().ok());
  EXPECT_TRUE(absl::IsUnavailable(Ask("echo")->status));
}

}  // namespace
}  // namespace am
