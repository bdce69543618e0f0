#include "bench/zmq_contestant.h"

#include <memory>
#include <string>
#include <tuple>

#include "gtest/gtest.h"

namespace am::bench {
namespace {

class ZmqContestantTest
    : public testing::TestWithParam<std::tuple<ZmqLoop, const char*>> {};

TEST_P(ZmqContestantTest, VerifiesWhatComesBack) {
  const auto [loop, scheme] = GetParam();
  const Setting setting = {.scheme = scheme, .payload_bytes = 64};
  const std::unique_ptr<Contestant> contestant = MakeZmqContestant(loop);
  const auto server = contestant->Serve(setting);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto caller = contestant->Connect(setting, (*server)->address());
  ASSERT_TRUE(caller.ok()) << caller.status();

  Recorder recorder({.duration = absl::Seconds(10), .operations = 5});
  EXPECT_EQ((*caller)->Run(recorder), absl::OkStatus());
  EXPECT_EQ(recorder.nanoseconds().size(), 5);
}

INSTANTIATE_TEST_SUITE_P(All, ZmqContestantTest,
                         testing::Combine(testing::Values(ZmqLoop::kReceive,
                                                          ZmqLoop::kPoll),
                                          testing::Values("ipc", "tcp")));

TEST(ZmqContestant, AddressThatIsNoneIsRefused) {
  const std::unique_ptr<Contestant> contestant =
      MakeZmqContestant(ZmqLoop::kReceive);
  EXPECT_EQ(contestant->Connect({.scheme = "ipc"}, "nowhere").status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace am::bench
