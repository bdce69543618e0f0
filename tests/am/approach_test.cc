// Peers that are connected to because a message is for them, which waits.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "am/any_instance.h"
#include "am/message_builder.h"
#include "am/simulation/simulated_world.h"
#include "tests/am/fake_directory.h"

namespace am {
namespace {

// Frames take their time, and heartbeats are looked after much oftener.
class ApproachTest : public testing::Test {
 protected:
  static transport::FaultOptions FarAway() {
    transport::FaultOptions faults;
    faults.delay = 1;
    faults.delay_min = faults.delay_max = absl::Milliseconds(400);
    return faults;
  }

  std::unique_ptr<Manager> Make(const std::string& name) {
    ManagerOptions options;
    options.directory = registry_.MakeDirectory();
    options.link.heartbeat_interval = absl::Milliseconds(100);
    return world_.MakeManager(name, options);
  }

  SimulatedWorld world_{/*seed=*/1, FarAway()};
  FakeRegistry registry_;
};

TEST_F(ApproachTest, WhoIsConnectedToIsNotTakenForSilent) {
  const auto alice = Make("alice"), bob = Make("bob"), carol = Make("carol");
  int told = 0;
  ASSERT_TRUE(carol
                  ->RegisterNoReturn(
                      "tell", [&](Context&, const std::string&) { ++told; })
                  .ok());
  registry_.TellAll();
  // From now on alice looks after heartbeats.
  ASSERT_TRUE(alice->client().Connect("inproc://bob").ok());
  ASSERT_TRUE(alice->client().Message("tell").SendDetached(AnyInstance()).ok());
  world_.Run(absl::Seconds(5));
  EXPECT_EQ(told, 1);
  const Ledger ledger = *alice->client().LedgerOf(carol->instance_id());
  EXPECT_EQ(ledger.link_lost, 0u) << ledger.ToString();
}

// It has a deadline of its own, past which nothing waits for it.
TEST_F(ApproachTest, WhoDoesNotAnswerIsLostInTheEnd) {
  const auto alice = Make("alice"), carol = Make("carol");
  ASSERT_TRUE(carol
                  ->RegisterAck("ask",
                                [](Context&, const std::string&) {
                                  return absl::OkStatus();
                                })
                  .ok());
  registry_.TellAll();
  world_.Cut("alice", "carol", transport::CutKind::kSilent);
  const absl::Status status = alice->client()
                                  .Message("ask")
                                  .Timeout(absl::Minutes(5))
                                  .SendAndConfirm(AnyInstance())
                                  .Await();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

}  // namespace
}  // namespace am
