// What amctl says when nothing answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UnreachedTest : public FleetTest {
 protected:
  // Where nobody listens any more.
  std::string Nowhere() {
    const std::string address = members_["bob"].server->address();
    members_["bob"].server.reset();
    return address;
  }
};

TEST_F(UnreachedTest, NoRegistrySaysHowToStartOne) {
  const std::string nowhere = Nowhere();
  for (const char* const command :
       {"instances", "handlers", "watch", "ledger", "cohort"}) {
    const Outcome outcome = Run({command, "--registry", nowhere});
    EXPECT_EQ(outcome.code, 3) << command;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("nothing answers at " + nowhere),
                                   HasSubstr("connection refused"),
                                   HasSubstr("am_registry --listen " + nowhere),
                                   Not(HasSubstr("tls"))));
  }
}

TEST_F(UnreachedTest, NoNodeSaysWhatServesThere) {
  const std::string nowhere = Nowhere();
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"describe"},
                                             {"call", "echo"},
                                             {"ping"},
                                             {"cohort"},
                                             {"drain"},
                                             {"ledger"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--node", nowhere});
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.code, 3) << command.front();
    EXPECT_THAT(outcome.err, HasSubstr("ControlServer"));
  }
}

TEST_F(UnreachedTest, ADataAddressIsNotForGrpc) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"ping"}, {"call", "echo"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--node", "tcp://127.0.0.1:1"});
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--plane zmq"));
  }
}

TEST_F(UnreachedTest, NoDataAddressSaysSo) {
  const Outcome outcome =
      Run({"ping", "--plane", "zmq", "--node", "tcp://127.0.0.1:1"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be reached over ZeroMQ"));
}

// Until its lease ends, the registry knows one who has died.
TEST_F(UnreachedTest, WhoHasDiedIsPassedOverIfThereAreOthers) {
  const std::string record =
      R"({"instance": {"peer": {"id": 1, "addresses": "tcp://127.0.0.1:1"},
          "controlAddress": "127.0.0.1:1",
          "handlers": [{"name": "am.v1.Handlers/echo"},
                       {"name": "am.v1.Handlers/alone"}]}})";
  const Outcome told = Run({"call", "am.v1.Registry/Register", record, "--node",
                            registry_->address()});
  EXPECT_EQ(told.code, 0) << told.err;
  for (int i = 0; i < 15; ++i) {
    const Outcome outcome = Amctl({"call", "echo", "{}"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  const Outcome outcome = Amctl({"call", "alone", "{}"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("nothing answers at 127.0.0.1:1"));
}

TEST_F(UnreachedTest, AnInstanceWithoutAControlServerSaysSo) {
  Nowhere();
  EXPECT_TRUE(PrintsAtLast({"instances", "--label", "who=bob"},
                           [](const std::string& out) {
                             return out.find("serving  -") != out.npos;
                           }));
  const Outcome outcome = Amctl({"ping", "bob"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("ControlServer"));
  EXPECT_EQ(Amctl({"ping", "bob", "--plane", "zmq", "-c", "1"}).code, 0);
  // Others are asked, as long as there are any.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Amctl({"call", "echo"}).code, 0);
}

}  // namespace
}  // namespace am::amctl
