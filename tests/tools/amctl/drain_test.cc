// amctl drain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DrainTest : public FleetTest {};

TEST_F(DrainTest, WhoAllowsItStops) {
  const Outcome outcome = Amctl({"drain", "bob"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(" drains; messages to finish: 0\n"),
                                 HasSubstr(") has stopped\n")));
  EXPECT_TRUE(members_["bob"].manager->AwaitShutdown().ok());
  EXPECT_TRUE(PrintsAtLast({"instances"}, [](const std::string& out) {
    return out.find("bob") == out.npos;
  }));
}

TEST_F(DrainTest, InJsonItTellsTheState) {
  EXPECT_THAT(Amctl({"drain", "bob", "--json"}).out,
              HasSubstr("\"state\": \"stopped\"}\n"));
}

TEST_F(DrainTest, WhoDoesNotAllowItServesOn) {
  const Outcome outcome = Amctl({"drain", "alice"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("allow_drain_by_peers"));
  EXPECT_EQ(Amctl({"call", "echo", "--instance", "alice"}).code, 0);
}

TEST_F(DrainTest, WhatTakesTooLongIsToldAndGoesOn) {
  Event entered;
  ASSERT_TRUE(members_["bob"]
                  .manager
                  ->RegisterNoReturn("block",
                                     [&](Context&, const std::string&) {
                                       entered.Set();
                                       release_.Await();
                                     })
                  .ok());
  EXPECT_EQ(Amctl({"call", "block", "--instance", "bob"}).code, 0);
  ASSERT_TRUE(entered.Await());
  const Outcome outcome = Amctl({"drain", "bob", "--timeout", "200ms"});
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("to finish: 1\n"));
  EXPECT_THAT(Amctl({"drain", "bob", "--no_wait"}).out,
              Not(HasSubstr("stopped")));
  release_.Set();
  EXPECT_EQ(Run({"drain", "--node", members_["bob"].server->address()}).code,
            0);
}

}  // namespace
}  // namespace am::amctl
