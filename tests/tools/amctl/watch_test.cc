// amctl watch: who comes and goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "am/control/grpc_caller.h"
#include "am/v1/registry.pb.h"
#include "tests/tools/amctl/fleet_fixture.h"
#include "tools/amctl/amctl.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What is printed, and how many lines there are.
class Lines : public std::stringbuf {
 public:
  Tally told;

 private:
  int sync() override {
    told.Add();
    return 0;
  }
};

class WatchTest : public FleetTest {
 protected:
  // Calls the registry, and keeps the epoch that it gives.
  void Tell(const std::string& method,
            const google::protobuf::MessageLite& request) {
    const auto caller = control::GrpcCaller::Make(registry_->address());
    const auto answer = (*caller)->Call(method, request.SerializeAsString(),
                                        {.timeout = absl::Seconds(20)});
    ASSERT_TRUE(answer.ok()) << answer.status();
    v1::RegisterResponse response;
    ASSERT_TRUE(response.ParseFromString(*answer));
    if (response.epoch() != 0) epoch_ = response.epoch();
  }

  std::uint64_t epoch_ = 0;
};

TEST_F(WatchTest, BeginsWithAllThereAre) {
  const Outcome outcome = Amctl({"watch", "-n", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(StartsWith("+ "), HasSubstr("\n+ "),
                                 HasSubstr("alice ("), HasSubstr("bob (")));
}

TEST_F(WatchTest, TellsWhoComesAndGoesWhileItRuns) {
  Lines lines;
  std::ostream out(&lines);
  std::thread watch([&] {
    std::istringstream in;
    std::ostringstream err;
    EXPECT_EQ(
        amctl::Run({"watch", "-n", "4", "--registry", registry_->address()},
                   {in, out, err}, {}),
        0)
        << err.str();
  });
  EXPECT_TRUE(lines.told.AwaitAtLeast(2));
  v1::RegisterRequest request;
  request.mutable_instance()->mutable_peer()->set_id(1);
  request.mutable_instance()->mutable_peer()->set_name("dave");
  request.mutable_instance()->mutable_peer()->add_addresses("tcp://h:1");
  Tell("am.v1.Registry/Register", request);
  EXPECT_TRUE(lines.told.AwaitAtLeast(3));
  v1::DeregisterRequest removal;
  removal.set_id(1);
  removal.set_epoch(epoch_);
  Tell("am.v1.Registry/Deregister", removal);
  watch.join();
  EXPECT_THAT(lines.str(),
              HasSubstr("\n+ dave (0000000000000001) serving, 0 handlers, "
                        "tcp://h:1\n"
                        "- dave (0000000000000001) DEREGISTERED\n"));
}

TEST_F(WatchTest, EndsWithTheInterrupt) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Amctl({"watch"}, stop.get_token()).code, 0);
}

TEST_F(WatchTest, NeedsARegistry) {
  EXPECT_EQ(Run({"watch", "--node", members_["alice"].server->address()}).code,
            2);
}

}  // namespace
}  // namespace am::amctl
