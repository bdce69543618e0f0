// Retries on simulated time, over connections that are cut at the right moment.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/simulation/simulated_world.h"

namespace am {
namespace {

using transport::CutKind;

constexpr RetryPolicy kPatient{.max_attempts = 1000,
                               .initial_backoff = absl::Milliseconds(10),
                               .max_backoff = absl::Milliseconds(100)};

// Alice calls bob's "count", which says how often it has run and is called
// `on_run_` within.
class SimulatedRetryTest : public testing::Test {
 protected:
  SimulatedRetryTest()
      : alice_(world_.MakeManager("alice", {})),
        bob_(world_.MakeManager("bob", {})) {
    const auto count =
        [this](Context&, const std::string&) -> absl::StatusOr<std::string> {
      ++runs_;
      if (on_run_) on_run_();
      return absl::StrCat(runs_);
    };
    EXPECT_TRUE(bob_->RegisterResponse("count", count).ok());
    Connect();
  }

  void Connect() {
    const auto peer = alice_->client().Connect("inproc://bob");
    ASSERT_TRUE(peer.ok()) << peer.status();
  }

  Future<std::string> Begin(const RetryPolicy& policy,
                            absl::Duration timeout = absl::Seconds(30)) {
    return alice_->client()
        .Message("count")
        .Retry(policy)
        .Timeout(timeout)
        .Expect<std::string>()
        .Send(bob_->instance_id());
  }

  static std::uint64_t CountOf(Manager& manager, Counter counter) {
    return manager.node().counters().of(counter);
  }

  SimulatedWorld world_{/*seed=*/3};
  int runs_ = 0;
  std::function<void()> on_run_;
  std::unique_ptr<Manager> alice_;
  std::unique_ptr<Manager> bob_;
};

TEST_F(SimulatedRetryTest, LostReplyIsHadFromTheWindow) {
  on_run_ = [this] { world_.Cut("alice", "bob", CutKind::kLoud); };
  Future<std::string> call = Begin(kPatient);
  world_.Run(absl::Seconds(1));
  EXPECT_EQ(runs_, 1);
  EXPECT_FALSE(call.ready());
  world_.Heal("alice", "bob");
  Connect();
  EXPECT_EQ(call.Await().value(), "1");
  EXPECT_EQ(runs_, 1);
}

TEST_F(SimulatedRetryTest, NoAttemptOutlivesTheDeadline) {
  world_.Cut("alice", "bob", CutKind::kLoud);
  const absl::Time begin = world_.clock().Now();
  const absl::Status status =
      Begin(kPatient, absl::Seconds(2)).Await().status();
  const absl::Duration time = world_.clock().Now() - begin;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_LE(time, absl::Seconds(2));
  EXPECT_GT(time, absl::Seconds(1));
  EXPECT_GE(CountOf(*alice_, Counter::kRetried), 10);
}

// When the attempts of a call were made, until it ended.
std::vector<absl::Time> AttemptTimes(std::uint64_t seed) {
  SimulatedWorld world(seed);
  const auto alice = world.MakeManager("alice", {});
  Future<void> call = alice->client()
                          .Message("none")
                          .Retry(kPatient)
                          .Timeout(absl::Seconds(3))
                          .SendAndConfirm(InstanceId(1));
  std::vector<absl::Time> times;
  while (!call.ready() && world.Step(absl::InfiniteFuture())) {
    times.push_back(world.clock().Now());
  }
  EXPECT_FALSE(call.Await().ok());
  return times;
}

TEST(SimulatedRetry, TimesFollowFromTheSeed) {
  EXPECT_EQ(AttemptTimes(1), AttemptTimes(1));
  EXPECT_NE(AttemptTimes(1), AttemptTimes(2));
}

}  // namespace
}  // namespace am
