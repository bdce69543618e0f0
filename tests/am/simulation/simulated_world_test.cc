#include "am/simulation/simulated_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "am/node.h"

namespace am {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Ne;
using transport::CutKind;

// Named instances, each with an Ack handler "ok" and a Response handler "echo".
class SimulatedWorldTest : public testing::Test {
 protected:
  std::unique_ptr<Manager> Make(SimulatedWorld& world,
                                const std::string& name) {
    auto manager = world.MakeManager(name, {});
    EXPECT_TRUE(manager
                    ->RegisterAck("ok",
                                  [](Context&, const std::string&) {
                                    return absl::OkStatus();
                                  })
                    .ok());
    EXPECT_TRUE(manager
                    ->RegisterResponse(
                        "echo",
                        [](Context&, const std::string& text)
                            -> absl::StatusOr<std::string> { return text; })
                    .ok());
    return manager;
  }

  void Connect(Manager& from, const std::string& to) {
    const auto peer = from.client().Connect(absl::StrCat("inproc://", to));
    ASSERT_TRUE(peer.ok()) << peer.status();
  }

  Future<void> Call(Manager& from, const Manager& to) {
    return from.client().Message("ok").Payload("x").SendAndConfirm(
        to.instance_id());
  }

  // How long until `call` ends, and how.
  std::pair<absl::Duration, absl::Status> Await(SimulatedWorld& world,
                                                Future<void> call) {
    const absl::Time begin = world.clock().Now();
    absl::Status status = call.Await();
    return {world.clock().Now() - begin, std::move(status)};
  }
};

TEST_F(SimulatedWorldTest, CallsTakeNoTimeWithoutFaults) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  const auto [time, status] = Await(world, Call(*alice, *bob));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(time, absl::ZeroDuration());
}

TEST_F(SimulatedWorldTest, WhoIsIdleForHoursStaysJoinedThoughFramesAreDropped) {
  transport::FaultOptions faults;
  faults.drop = 0.005;
  SimulatedWorld world(1, faults);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  std::vector<PeerState> events;
  alice->OnPeerEvent(
      [&events](const PeerEvent& event) { events.push_back(event.state); });
  world.Run(absl::Hours(4));
  EXPECT_THAT(world.fault_counts().frames.dropped, Ge(100));
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(SimulatedWorldTest, ASilentCutIsNoticedAfterIntervalAndTimeout) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.Cut("alice", "bob", CutKind::kSilent);
  const auto [time, status] = Await(world, Call(*alice, *bob));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  const LinkOptions options;
  EXPECT_THAT(
      time, AllOf(Ge(options.heartbeat_timeout),
                  Le(options.heartbeat_interval + options.heartbeat_timeout)));
}

TEST_F(SimulatedWorldTest, ALoudCutIsNoticedAtOnce) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.Cut("alice", "bob", CutKind::kLoud);
  const auto [time, status] = Await(world, Call(*alice, *bob));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(time, absl::ZeroDuration());
}

TEST_F(SimulatedWorldTest, AStoppedProcessIsLostThoughItsSocketsAreWell) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.Pause("bob");
  EXPECT_EQ(Await(world, Call(*alice, *bob)).second.code(),
            absl::StatusCode::kUnavailable);
  world.Resume("bob");
  world.Run(absl::Seconds(10));
  Connect(*alice, "bob");
  EXPECT_TRUE(Await(world, Call(*alice, *bob)).second.ok());
}

TEST_F(SimulatedWorldTest, AHandlerThatWaitsRunsTheWorldOn) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob"),
             carol = Make(world, "carol");
  Connect(*alice, "bob");
  Connect(*bob, "carol");
  ASSERT_TRUE(bob->RegisterAck("relay",
                               [&](Context& context, const std::string&) {
                                 return context.client()
                                     .Message("ok")
                                     .Payload("x")
                                     .SendAndConfirm(carol->instance_id())
                                     .Await();
                               })
                  .ok());
  EXPECT_TRUE(alice->client()
                  .Message("relay")
                  .Payload("x")
                  .SendAndConfirm(bob->instance_id())
                  .Await()
                  .ok());
}

TEST_F(SimulatedWorldTest, TheSenderIsToldOfHandlersThatTakeTheirTime) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  ASSERT_TRUE(
      bob->RegisterNoReturn("slow",
                            [&](Context&, const std::string&) -> Task<void> {
                              co_await Future<void>(bob->node().AwaitHandler(
                                  "never", absl::Seconds(1)));
                            })
          .ok());
  ASSERT_TRUE(
      alice->client().Message("slow").SendDetached(bob->instance_id()).ok());
  const auto delivered = [&] {
    return alice->node()
        .peers()
        .Find(bob->instance_id())
        ->link()
        .ledger()
        .received.delivered;
  };
  world.Run(absl::Milliseconds(900));
  EXPECT_EQ(delivered(), 0u);
  world.Run(absl::Milliseconds(200));
  EXPECT_EQ(delivered(), 1u);
}

TEST_F(SimulatedWorldTest, ACutMayBeOneWay) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.CutOneWay("bob", "alice", CutKind::kSilent);
  int heard = 0;
  ASSERT_TRUE(bob->RegisterNoReturn(
                     "hear", [&](Context&, const std::string&) { ++heard; })
                  .ok());
  ASSERT_TRUE(
      alice->client().Message("hear").SendDetached(bob->instance_id()).ok());
  EXPECT_EQ(Await(world, Call(*alice, *bob)).second.code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(heard, 1);
}

TEST_F(SimulatedWorldTest, AKillIsNoticedAtOnce) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice");
  const auto bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.Kill("bob");
  const auto [time, status] = Await(world, Call(*alice, *bob));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(time, absl::ZeroDuration());
}

TEST_F(SimulatedWorldTest, ARestartOnANameIsAnotherInstance) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice");
  const auto bob = Make(world, "bob");
  Connect(*alice, "bob");
  world.Kill("bob");
  world.Run(absl::Milliseconds(1));
  const auto successor = Make(world, "bob");
  EXPECT_NE(successor->instance_id(), bob->instance_id());
  Connect(*alice, "bob");
  EXPECT_TRUE(Await(world, Call(*alice, *successor)).second.ok());
  EXPECT_EQ(Await(world, Call(*alice, *bob)).second.code(),
            absl::StatusCode::kUnavailable);
}

// Though a handler of it waits, and somebody for that.
TEST_F(SimulatedWorldTest, TheManagerOfOneThatWasKilledGoesInNoTime) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice");
  auto bob = Make(world, "bob");
  Connect(*alice, "bob");
  bool ended = false;
  ASSERT_TRUE(
      bob->RegisterAck("wait",
                       [&](Context&, const std::string&) -> Task<absl::Status> {
                         const absl::Status status =
                             co_await Future<void>(bob->node().AwaitHandler(
                                 "never", absl::Seconds(20)));
                         ended = true;
                         co_return status;
                       })
          .ok());
  auto call =
      alice->client().Message("wait").SendAndConfirm(bob->instance_id());
  world.Run(absl::Seconds(1));
  world.Kill("bob");
  world.Run(absl::Seconds(1));
  EXPECT_FALSE(ended);
  const absl::Time begin = world.clock().Now();
  bob.reset();
  EXPECT_TRUE(ended);
  EXPECT_EQ(world.clock().Now(), begin);
  EXPECT_EQ(call.Await().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SimulatedWorldTest, ACutOutlivesARestart) {
  SimulatedWorld world(1);
  const auto alice = Make(world, "alice"), bob = Make(world, "bob");
  world.Cut("alice", "bob", CutKind::kLoud);
  world.Kill("alice");
  const auto successor = Make(world, "alice");
  EXPECT_FALSE(successor->client().Connect("inproc://bob").ok());
  world.Heal("alice", "bob");
  EXPECT_TRUE(successor->client().Connect("inproc://bob").ok());
}

TEST_F(SimulatedWorldTest, FaultsAreCounted) {
  SimulatedWorld world(1, {.drop = 1});
  auto alice = Make(world, "alice");
  const auto bob = Make(world, "bob");
  EXPECT_FALSE(alice->client().Connect("inproc://bob").ok());
  world.Cut("alice", "bob", CutKind::kLoud);
  world.CutOneWay("alice", "bob", CutKind::kSilent);
  world.Pause("bob");
  world.Kill("alice");
  alice = Make(world, "alice");
  const SimulatedFaults faults = world.fault_counts();
  EXPECT_EQ(faults.frames.dropped, 1u);
  EXPECT_EQ(faults.loud_cuts, 1u);
  EXPECT_EQ(faults.silent_cuts, 1u);
  EXPECT_EQ(faults.one_way_cuts, 1u);
  EXPECT_EQ(faults.pauses, 1u);
  EXPECT_EQ(faults.kills, 1u);
  EXPECT_EQ(faults.restarts, 1u);
}

TEST_F(SimulatedWorldTest, AnInstanceThatEndsTellsItsCallersFirst) {
  SimulatedWorld world(1);
  auto alice = Make(world, "alice");
  absl::Status told;
  Future<void>(alice->node().AwaitHandler("never", absl::Minutes(1)))
      .OnDone([&](absl::Status status) { told = std::move(status); });
  EXPECT_TRUE(alice->Shutdown().ok());
  EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable) << told;
}

TEST_F(SimulatedWorldTest, ACallBegunAfterTheEndIsToldSo) {
  SimulatedWorld world(1);
  auto alice = Make(world, "alice"), bob = Make(world, "bob");
  Connect(*alice, "bob");
  EXPECT_TRUE(alice->Shutdown().ok());
  absl::Status told;
  Call(*alice, *bob).OnDone([&](absl::Status status) { told = status; });
  EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable) << told;
}

// Eight instances call each other under every fault there is. Every call ends
// exactly once, in time, and with a status that says why.
std::string RunFaultyWorld(std::uint64_t seed) {
  constexpr int kInstances = 8, kCalls = 25;
  std::string history;
  SimulatedWorld world(seed, {.drop = 0.01,
                              .duplicate = 0.01,
                              .delay = 0.1,
                              .reorder = 0.05,
                              .delay_min = absl::Milliseconds(1),
                              .delay_max = absl::Milliseconds(200)});
  std::vector<std::unique_ptr<Manager>> managers;
  for (int i = 0; i < kInstances; ++i) {
    managers.push_back(world.MakeManager(absl::StrCat("m", i), {}));
    EXPECT_TRUE(managers.back()
                    ->RegisterResponse(
                        "echo",
                        [](Context&, const std::string& text)
                            -> absl::StatusOr<std::string> { return text; })
                    .ok());
  }
  std::vector<int> ended;
  for (int i = 0; i < kInstances; ++i) {
    Manager& from = *managers[static_cast<std::size_t>(i)];
    Manager& to = *managers[static_cast<std::size_t>((i + 1) % kInstances)];
    const auto peer =
        from.client().Connect(absl::StrCat("inproc://m", (i + 1) % kInstances));
    absl::StrAppend(&history, i, " connect ", peer.status().ToString(), "\n");
    for (int n = 0; n < kCalls; ++n) {
      const std::size_t call = ended.size();
      ended.push_back(0);
      from.client()
          .Message("echo")
          .Payload(absl::StrCat(n))
          .Expect<std::string>()
          .Send(to.instance_id())
          .OnDone([&, call, n](absl::StatusOr<std::string> result) {
            ++ended[call];
            EXPECT_EQ(result.value_or(absl::StrCat(n)), absl::StrCat(n));
            absl::StrAppend(&history, call, " ", result.status().ToString(),
                            " at ", absl::FormatTime(world.clock().Now()),
                            "\n");
          });
    }
  }
  // The wheel of deadlines turns by the millisecond.
  world.Run(kDefaultTimeout + absl::Milliseconds(2));
  EXPECT_THAT(ended, Each(1)) << "seed " << seed;
  for (const auto& manager : managers) history += manager->DebugString();
  return history;
}

TEST_F(SimulatedWorldTest, EveryCallEndsOnceUnderFaultsFromManySeeds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) RunFaultyWorld(seed);
}

TEST_F(SimulatedWorldTest, TheSameSeedGivesTheSameHistory) {
  const std::string history = RunFaultyWorld(42);
  EXPECT_EQ(RunFaultyWorld(42), history);
  EXPECT_THAT(RunFaultyWorld(43), Ne(history));
}

}  // namespace
}  // namespace am
