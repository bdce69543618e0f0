// What a shell is told when Tab is pressed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

class CompleterTest : public FleetTest {
 protected:
  // The line up to the cursor, without the program.
  std::vector<std::string> Complete(const std::string& line) {
    const std::string registry = "amctl --registry " + registry_->address();
    return CompleteAlone(registry + " " + line);
  }

  static std::vector<std::string> CompleteAlone(const std::string& line) {
    const Outcome outcome = Run({"__complete", line});
    EXPECT_EQ(outcome.code, 0);
    return absl::StrSplit(outcome.out, '\n', absl::SkipEmpty());
  }
};

TEST_F(CompleterTest, CommandsAreCompleted) {
  EXPECT_THAT(CompleteAlone("amctl de"), ElementsAre("describe"));
  EXPECT_THAT(CompleteAlone("amctl "),
              IsSupersetOf({"call", "drain", "instances", "ledger", "ping"}));
}

TEST_F(CompleterTest, OptionsAreThoseOfTheCommandAndOfAll) {
  EXPECT_THAT(CompleteAlone("amctl ping --"),
              IsSupersetOf({"--count", "--plane", "--registry", "--json"}));
  EXPECT_THAT(CompleteAlone("amctl ping --pl"), ElementsAre("--plane"));
}

TEST_F(CompleterTest, ValuesOfOptionsAreCompleted) {
  EXPECT_THAT(CompleteAlone("amctl ping --plane "), ElementsAre("grpc", "zmq"));
  EXPECT_THAT(CompleteAlone("amctl ping --plane=z"), ElementsAre("zmq"));
  EXPECT_THAT(CompleteAlone("amctl completion "), ElementsAre("bash"));
  EXPECT_THAT(CompleteAlone("amctl ping --timeout "), IsEmpty());
}

TEST_F(CompleterTest, InstancesAreCompletedByNameAndById) {
  EXPECT_THAT(Complete("ping "), ElementsAre("alice", "bob"));
  EXPECT_THAT(Complete("drain b"), Contains("bob"));
  EXPECT_THAT(Complete("describe " + IdOf("alice").substr(0, 8)),
              ElementsAre(IdOf("alice")));
  EXPECT_THAT(Complete("call echo --instance al"), Contains("alice"));
}

TEST_F(CompleterTest, HandlersAreCompletedBareAndInFull) {
  EXPECT_THAT(Complete("call ec"), ElementsAre("echo"));
  EXPECT_THAT(Complete("call am.v1.Node/Dr"), ElementsAre("am.v1.Node/Drain"));
  EXPECT_THAT(CompleteAlone("amctl --node " +
                            members_["alice"].server->address() + " call ho"),
              ElementsAre("hold"));
}

TEST_F(CompleterTest, WithoutAnybodyToAskThereIsNothing) {
  EXPECT_THAT(CompleteAlone("amctl ping "), IsEmpty());
  EXPECT_THAT(CompleteAlone("amctl --registry 127.0.0.1:1 ping "), IsEmpty());
  EXPECT_THAT(CompleteAlone(""), Contains("call"));
}

}  // namespace
}  // namespace am::amctl
