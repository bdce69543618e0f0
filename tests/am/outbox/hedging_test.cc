// Calls that are made to a second instance when the first is slow, in a
// simulated world.
#include "am/outbox/hedging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/simulation/simulated_world.h"
#include "tests/am/fake_directory.h"

namespace am {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kHedgeAfter = absl::Milliseconds(100);

// What a run of the handler comes to, and how long it takes.
struct Script {
  absl::StatusCode code = absl::StatusCode::kOk;
  absl::Duration time = absl::ZeroDuration();
};

// A caller, and servers whose handler "work" answers with the number of the
// run, the first of which is 0.
class HedgingTest : public testing::Test {
 protected:
  HedgingTest() : caller_(Make("caller")) {}

  std::unique_ptr<Manager> Make(const std::string& name) {
    ManagerOptions options;
    options.directory = registry_.MakeDirectory();
    return world_.MakeManager(name, options);
  }

  void AddServers(int count) {
    for (int i = 0; i < count; ++i) {
      servers_.push_back(Make(absl::StrCat("server", i)));
      EXPECT_TRUE(
          servers_.back()
              ->RegisterResponse("work",
                                 [this, node = &servers_.back()->node()](
                                     Context& context, const std::string&) {
                                   return Work(context, *node);
                                 })
              .ok());
    }
    registry_.TellAll();
  }

  Task<absl::StatusOr<std::string>> Work(Context& context, Node& node) {
    const std::size_t number = runs_++;
    const Script run = number < script_.size() ? script_[number] : Script{};
    if (run.time > absl::ZeroDuration()) {
      co_await Future<void>(node.AwaitHandler("never", run.time));
    }
    if (context.stop_token().stop_requested()) ++cancelled_;
    if (run.code != absl::StatusCode::kOk) {
      co_return absl::Status(run.code, absl::StrCat("run ", number));
    }
    co_return absl::StrCat(number);
  }

  MessageBuilder Message() {
    return caller_->client().Message("work").Idempotent().HedgeAfter(
        kHedgeAfter);
  }
  Future<std::string> Start() {
    return Message().Expect<std::string>().Send(AnyInstance());
  }
  // The result; and sets elapsed_.
  absl::StatusOr<std::string> Call() {
    const absl::Time begin = world_.clock().Now();
    auto result = Start().Await();
    elapsed_ = world_.clock().Now() - begin;
    return result;
  }
  std::uint64_t hedged() {
    return caller_->node().counters().of(Counter::kHedged);
  }

  SimulatedWorld world_{1};
  FakeRegistry registry_;
  std::vector<Script> script_;
  std::size_t runs_ = 0;
  int cancelled_ = 0;
  absl::Duration elapsed_;
  std::unique_ptr<Manager> caller_;
  std::vector<std::unique_ptr<Manager>> servers_;
};

TEST_F(HedgingTest, AnAnswerInTimeIsNotHedged) {
  AddServers(2);
  EXPECT_EQ(*Call(), "0");
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(runs_, 1u);
  EXPECT_EQ(hedged(), 0u);
}

TEST_F(HedgingTest, ASlowInstanceIsOvertakenAndCancelled) {
  AddServers(2);
  script_ = {{.time = absl::Seconds(10)}, {}};
  EXPECT_EQ(*Call(), "1");
  EXPECT_EQ(elapsed_, kHedgeAfter);
  EXPECT_EQ(hedged(), 1u);
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(cancelled_, 1);
}

TEST_F(HedgingTest, TheFirstMayStillWin) {
  AddServers(2);
  script_ = {{.time = 2 * kHedgeAfter}, {.time = absl::Seconds(10)}};
  EXPECT_EQ(*Call(), "0");
  EXPECT_EQ(elapsed_, 2 * kHedgeAfter);
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(cancelled_, 1);
}

TEST_F(HedgingTest, AFailureThatAnotherMightSpareIsHedgedAtOnce) {
  AddServers(2);
  script_ = {{.code = absl::StatusCode::kUnavailable}, {}};
  EXPECT_EQ(*Call(), "1");
  EXPECT_EQ(elapsed_, absl::ZeroDuration());
}

TEST_F(HedgingTest, AFinalFailureIsTheEnd) {
  AddServers(2);
  script_ = {{.code = absl::StatusCode::kInvalidArgument}, {}};
  EXPECT_EQ(Call().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(runs_, 1u);
}

TEST_F(HedgingTest, AfterTwoFailuresTheLastIsTold) {
  AddServers(3);
  script_ = {{.code = absl::StatusCode::kUnavailable},
             {.code = absl::StatusCode::kResourceExhausted}};
  EXPECT_EQ(Call().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(runs_, 2u);
}

TEST_F(HedgingTest, AnInstanceThatIsLostIsSparedTheCaller) {
  AddServers(2);
  script_ = {{.time = absl::Seconds(10)}, {.time = kHedgeAfter}};
  Future<std::string> call = Start();
  ASSERT_TRUE(world_.RunUntil([this] { return runs_ == 1; }, kHedgeAfter));
  const bool is_first = servers_[0]->node().dispatcher().active() > 0;
  world_.Kill(is_first ? "server0" : "server1");
  EXPECT_EQ(*std::move(call).Await(), "1");
}

TEST_F(HedgingTest, AloneAnInstanceIsAwaited) {
  AddServers(1);
  script_ = {{.time = absl::Seconds(10)}};
  EXPECT_EQ(*Call(), "0");
  EXPECT_EQ(elapsed_, absl::Seconds(10));
  EXPECT_EQ(hedged(), 0u);
}

TEST_F(HedgingTest, AloneAnInstanceThatFailsIsTheEnd) {
  AddServers(1);
  script_ = {{.code = absl::StatusCode::kUnavailable}};
  const absl::Status status = Call().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("run 0"));
}

TEST_F(HedgingTest, CancellingReachesBothAttempts) {
  AddServers(2);
  script_ = {{.time = absl::Seconds(10)}, {.time = absl::Seconds(10)}};
  {
    const Future<std::string> dropped = Start();
    world_.Run(2 * kHedgeAfter);
    EXPECT_EQ(runs_, 2u);
  }
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(cancelled_, 2);
}

TEST_F(HedgingTest, TheDeadlineIsThatOfTheFirst) {
  AddServers(2);
  script_ = {{.time = absl::Minutes(1)}, {.time = absl::Minutes(1)}};
  const absl::Time begin = world_.clock().Now();
  EXPECT_EQ(Message()
                .Timeout(absl::Seconds(1))
                .Expect<std::string>()
                .Send(AnyInstance())
                .Await()
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world_.clock().Now() - begin, absl::Seconds(1));
}

TEST_F(HedgingTest, WhoShutsDownIsToldOnce) {
  AddServers(2);
  script_ = {{.time = absl::Minutes(1)}, {.time = absl::Minutes(1)}};
  int told = 0;
  Start().OnDone([&](const absl::StatusOr<std::string>& result) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
    ++told;
  });
  world_.Run(2 * kHedgeAfter);
  EXPECT_TRUE(caller_->Shutdown().ok());
  caller_.reset();
  EXPECT_EQ(told, 1);
}

TEST_F(HedgingTest, WhatMayNotRunTwiceIsRefused) {
  AddServers(2);
  const absl::Status status = caller_->client()
                                  .Message("work")
                                  .HedgeAfter(kHedgeAfter)
                                  .Expect<std::string>()
                                  .Send(AnyInstance())
                                  .Await()
                                  .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(runs_, 0u);
}

TEST_F(HedgingTest, OneInstanceCannotBeHedged) {
  AddServers(1);
  const auto call =
      Message().Expect<std::string>().Send(servers_[0]->instance_id()).Await();
  EXPECT_EQ(call.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace am
