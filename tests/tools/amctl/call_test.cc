// amctl call, over both planes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CallTest : public FleetTest,
                 public testing::WithParamInterface<const char*> {
 protected:
  Outcome Call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"call", "--plane", GetParam()});
    return Amctl(arguments);
  }
};
INSTANTIATE_TEST_SUITE_P(Planes, CallTest, testing::Values("grpc", "zmq"),
                         [](const auto& plane) { return plane.param; });

TEST_P(CallTest, JsonGoesInAndComesOut) {
  const Outcome outcome = Call({"echo", R"({"value": 7})", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "{\"value\":\"7\"}\n");
}

TEST_P(CallTest, AFullNameIsAsGood) {
  EXPECT_THAT(Call({"am.v1.Node/HealthCheck", "{}", "--instance", "alice"}).out,
              HasSubstr("SERVING"));
}

TEST_P(CallTest, WithoutARequestItIsEmpty) {
  const Outcome outcome = Call({"echo", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "{}\n");
}

TEST_P(CallTest, BytesAreAStringInBase64) {
  EXPECT_EQ(Call({"upper", "\"aGV5\""}).out, "\"SEVZ\"\n");
  const Outcome outcome = Call({"upper", "[1]"});
  EXPECT_EQ(outcome.code, 2);
}

TEST_P(CallTest, AcknowledgementsAndOneWayMessagesAreEmpty) {
  const Outcome noted = Call({"note", R"({"value": 1})"});
  EXPECT_EQ(noted.code, 0) << noted.err;
  EXPECT_EQ(noted.out, "{}\n");
}

TEST_P(CallTest, AHandlersErrorIsToldWithItsCode) {
  const Outcome outcome = Call({"fail"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "amctl: RESOURCE_EXHAUSTED: not today\n");
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(Call({"fail", "--json"}).err,
            "{\"error\": {\"code\": \"RESOURCE_EXHAUSTED\", \"message\": \"not "
            "today\"}}\n");
}

TEST_P(CallTest, AnUnknownHandlerIsNotFoundAndNearOnesAreNamed) {
  for (const std::vector<std::string>& where :
       std::vector<std::vector<std::string>>{{}, {"--instance", "alice"}}) {
    std::vector<std::string> arguments{"ecko", "{}"};
    arguments.insert(arguments.end(), where.begin(), where.end());
    const Outcome outcome = Call(arguments);
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("no"), HasSubstr("am.v1.Handlers/ecko"),
                      HasSubstr("did you mean am.v1.Handlers/echo")));
  }
}

TEST_P(CallTest, MalformedJsonIsShownItsPlace) {
  const Outcome outcome = Call({"echo", "{\"value\" 7}"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "amctl: INVALID_ARGUMENT: the request is not JSON: line 1, column "
            "10: expected ':'\n"
            "  {\"value\" 7}\n"
            "           ^\n");
}

TEST_P(CallTest, ACallEndsWithinTheTimeout) {
  const Outcome outcome = Call({"hold", "--timeout", "50ms"});
  EXPECT_EQ(outcome.code, 5) << outcome.err;
}

TEST_P(CallTest, AWrongFieldIsShownItsPlace) {
  const Outcome outcome = Call({"echo", "{\n  \"valeu\": 7}"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("the request is no am.test.Number: line 2, "
                              "column 3: "),
                    HasSubstr("valeu"), HasSubstr("\n    ^")));
  EXPECT_THAT(Call({"echo", R"({"value": "x"})"}).err,
              HasSubstr("line 1, column 11: "));
}

TEST_P(CallTest, ANameIsTakenAsGrpcurlWritesIt) {
  EXPECT_THAT(Call({"am.v1.Handlers.echo", R"({"value": 7})"}).out,
              HasSubstr("\"7\""));
  const Outcome outcome = Call({"two words"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("\"two words\" is no handler's name"));
}

class GrpcCallTest : public FleetTest {};

TEST_F(GrpcCallTest, AnythingThatReflectionKnowsCanBeCalled) {
  const Outcome outcome =
      Run({"call", "am.v1.Registry/List", R"({"pageSize": 1})", "--node",
           registry_->address()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("nextPageToken"));
}

TEST_F(GrpcCallTest, StreamsAreLeftToOthers) {
  const Outcome outcome =
      Run({"call", "am.v1.Registry/Watch", "--node", registry_->address()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("stream"));
}

TEST_F(GrpcCallTest, TheRequestMayComeFromAFileOrFromTheInput) {
  const std::string file = testing::TempDir() + "/request.json";
  std::ofstream(file) << R"({"value": 5})";
  EXPECT_THAT(Amctl({"call", "echo", "@" + file}).out, HasSubstr("\"5\""));
  EXPECT_EQ(Amctl({"call", "echo", "@/no/such"}).code, 2);
  EXPECT_THAT(Run({"call", "echo", "-", "--registry", registry_->address()}, {},
                  R"({"value": 6})")
                  .out,
              HasSubstr("\"6\""));
}

TEST_F(GrpcCallTest, MetadataGoesAlong) {
  ASSERT_TRUE(members_["alice"]
                  .manager
                  ->RegisterResponse(
                      "who",
                      [](Context& context,
                         const std::string&) -> absl::StatusOr<std::string> {
                        for (const auto& [key, value] : context.metadata()) {
                          if (key == "user") return value;
                        }
                        return absl::NotFoundError("nobody");
                      })
                  .ok());
  for (const char* plane : {"grpc", "zmq"}) {
    EXPECT_EQ(Amctl({"call", "who", "--instance", "alice", "--metadata",
                     "user=ada", "--plane", plane})
                  .out,
              "\"YWRh\"\n");
  }
}

TEST_F(GrpcCallTest, AnInterruptEndsACall) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Amctl({"call", "hold"}, stop.get_token()).code, 130);
}

}  // namespace
}  // namespace am::amctl
