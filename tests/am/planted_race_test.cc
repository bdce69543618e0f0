// ThreadSanitizer, with our suppressions, still sees a race in a handler.
#include <gtest/gtest.h>

#include <string>

#include "tests/am/latch.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kWatched = true;
#else
constexpr bool kWatched = false;
#endif

// Two runs of one handler that write the same integer without a lock.
void Race() {
  World world(Carrier::kTcp);
  const auto server = world.MakeManager();
  const auto client = world.MakeManager();
  int planted = 0;
  Latch both(2);
  const absl::Status registered =
      server->RegisterAck("race",
                          [&](Context&, const std::string&) {
                            both.CountDown();
                            both.Wait();
                            ++planted;
                            return absl::OkStatus();
                          },
                          {.execution = Execution::kPool});
  const InstanceId peer = world.Connect(*client, *server);
  const auto call = [&] {
    return client->client().Message("race").Payload("x").SendAndConfirm(peer);
  };
  Future<void> one = call(), other = call();
  const bool ok = registered.ok() && one.Await().ok() && other.Await().ok();
  server->Shutdown().IgnoreError();
  std::exit(ok ? 0 : 1);  // 66 if a race was seen
}

TEST(PlantedRaceDeathTest, IsReported) {
  if (!kWatched) GTEST_SKIP() << "only --config=tsan looks for races";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(Race(), testing::ExitedWithCode(66), "data race");
}

}  // namespace
}  // namespace am
