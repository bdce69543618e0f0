// What amctl tells of a fleet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class CommandsTest : public FleetTest {
 protected:
  std::vector<std::string> AtAlice(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--node", members_["alice"].server->address()});
    return arguments;
  }

  // bob tells alice one thing, which is delivered.
  void Tell() {
    Manager& bob = *members_["bob"].manager;
    Manager& alice = *members_["alice"].manager;
    ASSERT_TRUE(bob.client().Connect(alice.peer_info()).ok());
    ASSERT_TRUE(bob.client()
                    .Message("note")
                    .Payload("")
                    .SendDetached(alice.instance_id())
                    .ok());
  }
};

TEST_F(CommandsTest, InstancesAreListedWithTheirAddresses) {
  const Outcome outcome = Amctl({"instances"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("ID "));
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr(IdOf("alice")), HasSubstr("alice  serving  "),
                    HasSubstr(members_["bob"].server->address()),
                    HasSubstr("tcp://127.0.0.1:")));
}

TEST_F(CommandsTest, InstancesAreFilteredByHandlerAndLabel) {
  EXPECT_THAT(Amctl({"instances", "--handler", "hold"}).out,
              AllOf(HasSubstr("alice"), Not(HasSubstr("bob"))));
  EXPECT_THAT(Amctl({"instances", "--label", "who=bob"}).out,
              AllOf(HasSubstr("bob"), Not(HasSubstr("alice"))));
}

TEST_F(CommandsTest, InstancesInJsonHaveEverything) {
  EXPECT_THAT(
      Amctl({"instances", "--label", "who=bob", "--json"}).out,
      AllOf(StartsWith(absl::StrCat("[{\"id\": \"", IdOf("bob"),
                                    "\", \"name\": \"bob\", \"addresses\": [")),
            HasSubstr("\"state\": \"serving\""),
            HasSubstr("\"labels\": {\"who\": \"bob\"}"),
            HasSubstr("\"am.v1.Handlers/echo\"")));
}

TEST_F(CommandsTest, ANodeTellsOfItselfAndItsPeers) {
  Tell();
  EXPECT_THAT(Run(AtAlice({"instances"})).out,
              AllOf(HasSubstr("alice"), HasSubstr("bob")));
}

TEST_F(CommandsTest, HandlersOfAllAreCounted) {
  const std::string out = Amctl({"handlers"}).out;
  EXPECT_THAT(out, HasSubstr("am.v1.Handlers/echo   response   am.test.Number"
                             "  am.test.Number  2\n"));
  EXPECT_THAT(out, HasSubstr("am.v1.Handlers/hold   ack        -"));
  EXPECT_THAT(out, Not(HasSubstr("am.v1.Node")));
}

TEST_F(CommandsTest, HandlersOfOneAreItsOwn) {
  EXPECT_THAT(Amctl({"handlers", "bob"}).out, Not(HasSubstr("hold")));
  EXPECT_THAT(Run(AtAlice({"handlers", "--all", "--json"})).out,
              AllOf(HasSubstr("hold"), HasSubstr("am.v1.Node/Describe")));
}

TEST_F(CommandsTest, AnInstanceIsDescribedByABeginningOfItsNameOrId) {
  const Outcome outcome = Amctl({"describe", "ali"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(StartsWith(absl::StrCat("alice (", IdOf("alice"),
                                            ") is serving\n")),
                    HasSubstr("labels     who=alice\n"),
                    HasSubstr("handlers   1 active, 0 queued\n")));
  EXPECT_EQ(Amctl({"describe", IdOf("alice").substr(0, 15)}).out, outcome.out);
  EXPECT_THAT(Run(AtAlice({"describe", "--json"})).out,
              HasSubstr("\"calls_pending\": 0"));
}

TEST_F(CommandsTest, AHandlerIsDescribedWithAnExample) {
  const Outcome outcome = Amctl({"describe", "echo"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("rpc echo(.am.test.Number)"),
                    HasSubstr("message Number {"),
                    HasSubstr("amctl call am.v1.Handlers/echo '{\"value\":")));
  EXPECT_THAT(Run(AtAlice({"describe", "am.v1.Node/Drain", "--json"})).out,
              StartsWith("{\"handler\": \"am.v1.Node/Drain\""));
}

TEST_F(CommandsTest, AServiceAndAMessageAreDescribed) {
  EXPECT_THAT(Run(AtAlice({"describe", "am.v1.Node"})).out,
              HasSubstr("rpc ListHandlers"));
  EXPECT_THAT(Amctl({"describe", "am.v1.PeerInfo", "--instance", "bob"}).out,
              HasSubstr("message PeerInfo {"));
}

TEST_F(CommandsTest, WhoHasAServiceOrAMessageNeedNotBeSaid) {
  EXPECT_THAT(Amctl({"describe", "am.v1.Handlers"}).out, HasSubstr("rpc echo"));
  EXPECT_THAT(Amctl({"describe", "am.test.Number"}).out,
              HasSubstr("message Number {"));
  EXPECT_EQ(Amctl({"describe", "no.Such"}).code, 4);
}

TEST_F(CommandsTest, WhatIsNeitherInstanceNorHandlerIsNotFound) {
  const Outcome outcome = Amctl({"describe", "alicia"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("no instance \"alicia\"; did you mean "
                                     "alice?"));
  EXPECT_EQ(Run(AtAlice({"describe", "no.Such"})).code, 4);
}

TEST_F(CommandsTest, WhoIsNotAtTheAddressIsNotFound) {
  const Outcome outcome = Run(AtAlice({"describe", "bob"}));
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("is alice ("));
}

TEST_F(CommandsTest, TheLedgerAccountsForOneWayMessages) {
  Tell();
  EXPECT_TRUE(PrintsAtLast({"ledger", "bob", "--json"}, [](const auto& out) {
    return out.find("\"accepted\": 1, \"delivered\": 1,") != out.npos;
  }));
  EXPECT_THAT(Amctl({"ledger"}).out,
              AllOf(StartsWith("INSTANCE  PEER "), HasSubstr("bob       alice"),
                    HasSubstr("alice     bob")));
}

TEST_F(CommandsTest, PingMeasuresRoundTripsOnBothPlanes) {
  for (const std::string plane : {"grpc", "zmq"}) {
    const Outcome outcome =
        Amctl({"ping", "alice", "--plane", plane, "-c", "3", "-i", "0"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("PING alice ("));
    EXPECT_THAT(outcome.out, HasSubstr("\n3: "));
    EXPECT_THAT(outcome.out, HasSubstr("3 sent, 3 answered, 0 lost\n"));
    EXPECT_THAT(outcome.out, HasSubstr("min/p50/p90/p99/max = "));
  }
}

TEST_F(CommandsTest, PingInJsonEndsWithPercentiles) {
  const Outcome outcome =
      Amctl({"ping", "bob", "-c", "2", "-i", "0", "--json", "-q"});
  EXPECT_THAT(
      outcome.out,
      AllOf(HasSubstr("\"sent\": 2, \"answered\": 2, \"ms\": {\"min\": "),
            HasSubstr("\"p99\": ")));
}

TEST_F(CommandsTest, PingWithoutAControlServerTakesADataAddress) {
  const std::string address =
      members_["alice"].manager->addresses().front().ToString();
  const Outcome outcome =
      Run({"ping", "--node", address, "--plane", "zmq", "-c", "1", "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("--- alice ("));
}

TEST_F(CommandsTest, HelpTellsOfCommandsAndExitCodes) {
  const Outcome outcome = Run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* const word :
       {"instances", "drain", "AM_REGISTRY", "Exit codes:", "--tls_ca"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
  EXPECT_THAT(Run({"call", "--help"}).out, HasSubstr("--metadata"));
}

TEST_F(CommandsTest, WrongArgumentsEndWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"dance"},
                                             {"call"},
                                             {"instances", "--timeout", "soon"},
                                             {"instances", "--timeout", "0s"},
                                             {"ping", "-c", "-1"},
                                             {"call", "a", "--metadata", "K=v"},
                                             {"call", "a", "--metadata", "k"},
                                             {"instances", "--label", "=v"},
                                             {"ping", "--plane", "pigeon"},
                                             {"instances", "--unknown"}}) {
    EXPECT_EQ(Run(arguments).code, 2);
  }
}

TEST_F(CommandsTest, InJsonWrongArgumentsAreToldSoToo) {
  EXPECT_EQ(Run({"call", "--json"}).err,
            "{\"error\": {\"code\": \"INVALID_ARGUMENT\", \"message\": "
            "\"handler is required\\u000aRun with --help for more "
            "information.\"}}\n");
}

TEST_F(CommandsTest, AnIntervalIsATimeOrANumberOfSeconds) {
  for (const char* const interval : {"0", "0.001", "1ms"}) {
    EXPECT_EQ(Amctl({"ping", "bob", "-c", "2", "-q", "-i", interval}).code, 0)
        << interval;
  }
  for (const char* const interval : {"-1", "-1s", "soon", "25h", "nan"}) {
    const Outcome outcome = Amctl({"ping", "bob", "-i", interval});
    EXPECT_EQ(outcome.code, 2) << interval;
    EXPECT_THAT(outcome.err, HasSubstr("is not a time of up to 24h"));
  }
}

TEST_F(CommandsTest, AnInstanceThatIsNoRegistrySaysSo) {
  const Outcome outcome =
      Run({"instances", "--registry", members_["alice"].server->address()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no registry serves at"),
                                 HasSubstr("give it as --node")));
}

TEST_F(CommandsTest, WithoutAnAddressItSaysWhichToGive) {
  const Outcome outcome = Run({"instances"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--registry"), HasSubstr("--node"),
                                 HasSubstr("AM_REGISTRY")));
}

TEST_F(CommandsTest, OfSeveralInstancesItAsksWhich) {
  const Outcome outcome = Amctl({"ping"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("which instance?"));
}

}  // namespace
}  // namespace am::amctl
