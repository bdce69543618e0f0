// The seed system's weaknesses in replies, by their numbers, and that ours has
// none of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/am/calculator.am.h"
#include "tests/am/event.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/skewed_clock.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

using ::testing::HasSubstr;

class SeedRegression : public PairTest {
 protected:
  void SetUp() override {
    Start({}, {.clock = &clock_});
    EXPECT_TRUE(server_->RegisterResponse("echo", &Echo).ok());
    const auto fail = [](Context&, const std::string& why) {
      return absl::Status(absl::StatusCode::kAborted, why);
    };
    EXPECT_TRUE(server_->RegisterAck("fail", fail).ok());
  }
  void TearDown() override {
    client_.reset();
    server_.reset();
  }

  SkewedClock clock_;  // the client's
};
INSTANTIATE_PLANES(SeedRegression);

// A message to an unknown handler met silence until the timeout.
TEST_P(SeedRegression, W04_UnknownHandlerIsAnswered) {
  EXPECT_EQ(Confirm("nothing").code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Ask("nothing").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(Tell("nothing").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

// With a response expected, the refusal of a mismatch went to nobody.
TEST_P(SeedRegression, W05_MismatchIsAnsweredInEveryPattern) {
  EXPECT_EQ(Ask("fail").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Confirm("echo").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Tell("echo").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
}

// send_detached lost the text of a refusal as "channel dropped".
TEST_P(SeedRegression, W06_TextOfARefusalArrives) {
  Event told;
  absl::Status status;
  Message("fail", "because")
      .SendAndConfirm(peer_)
      .OnDone([&](const absl::Status& result) {
        status = result;
        told.Set();
      });
  ASSERT_TRUE(told.Await());
  EXPECT_EQ(status, absl::AbortedError("because"));
}

// One malformed message ended the receive loop for good.
TEST_P(SeedRegression, W07_MalformedMessageEndsNothing) {
  Stranger mallory(world_, *server_);
  for (const char* bytes : {"", "{}", "not a frame", "AMSG"}) {
    mallory.SendBytes(bytes);
  }
  EXPECT_TRUE(mallory.Join());
  const Refusals& refusals = server_->node().refusals();
  EXPECT_EQ(
      refusals.of(WireError::kTooShort) + refusals.of(WireError::kBadMagic), 4);
  EXPECT_EQ(*Ask("echo", "still here"), "still here");
}

// Entries of calls that timed out stayed in the tables.
TEST_P(SeedRegression, W18_NothingStaysOfCallsThatTimedOut) {
  Event release;
  const auto hold = [&](Context&, const std::string&) {
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("hold", hold).ok());
  const MessageBuilder message = Message("hold").Timeout(absl::Milliseconds(5));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(message.SendAndConfirm(peer_).Await().code(),
              absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(client_->node().calls().size(), 0);
  release.Set();
  server_.reset();
}

// Whatever the timeout, a call was given up after 30 s.
TEST_P(SeedRegression, W18_NoHiddenCapCutsALongCall) {
  Event entered;
  Event release;
  const auto hold = [&](Context&, const std::string&) {
    entered.Set();
    release.Await();
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("hold", hold).ok());
  Future<void> call =
      Message("hold").Timeout(absl::Hours(1)).SendAndConfirm(peer_);
  ASSERT_TRUE(entered.Await());
  clock_.Jump(absl::Minutes(10));
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  EXPECT_FALSE(call.ready());
  release.Set();
  EXPECT_TRUE(call.Await().ok());
  server_.reset();
}

// A response that looked like an envelope was taken for one.
TEST_P(SeedRegression, W21_ResponseIsNeverMistakenForAnEnvelope) {
  for (const char* json :
       {R"({"Ok":1})", R"({"Err":"no"})", R"({"Ok":{"Err":"both"}})"}) {
    EXPECT_EQ(Ask("echo", json).value_or("failed"), json);
  }
}

// A response with a field "status" was taken for an ACK; health checks and
// errors of handlers timed out.
TEST_P(SeedRegression, W22_ResponseIsNeverMistakenForAnAck) {
  for (const char* json :
       {R"({"status":"ok"})", R"({"status":"error","error":"x"})"}) {
    EXPECT_EQ(Ask("echo", json).value_or("failed"), json);
  }
  EXPECT_TRUE(client_->client().HealthCheck(peer_).Await().ok());
  EXPECT_EQ(Confirm("fail", "why"), absl::AbortedError("why"));
}

// A receipt never came, and an ACK of a missing handler was a success.
TEST_P(SeedRegression, W24_AckMeansThatTheHandlerHasRun) {
  bool ran = false;
  const auto run = [&](Context&, const std::string&) {
    ran = true;
    return absl::OkStatus();
  };
  ASSERT_TRUE(server_->RegisterAck("run", run).ok());
  EXPECT_TRUE(Confirm("run").ok());
  EXPECT_TRUE(ran);
  EXPECT_FALSE(Confirm("missing").ok());
  server_.reset();
}

// There was no version on the wire.
TEST_P(SeedRegression, W26_AnotherMajorVersionIsRefusedAndSaid) {
  Mutex mutex;
  std::string lines;
  const auto server = world_.MakeManager({.log = [&](absl::string_view line) {
    const MutexLock lock(mutex);
    absl::StrAppend(&lines, line, "\n");
  }});
  Stranger newer(world_, *server);
  FrameHeader header = newer.NextHeader();
  header.major = 9;
  newer.Send(header, CallOf("echo"));
  EXPECT_TRUE(newer.Join());
  EXPECT_EQ(server->node().refusals().of(WireError::kOtherMajor), 1);
  const MutexLock lock(mutex);
  EXPECT_THAT(lines, HasSubstr("version 9"));
}

// There was no limit of size.
TEST_P(SeedRegression, W26_OversizeMessageIsRefused) {
  const auto sender = world_.MakeManager({.max_message_bytes = 100});
  const InstanceId peer = world_.Connect(*sender, *server_);
  EXPECT_EQ(sender->client()
                .Message("echo")
                .Payload(std::string(101, 'x'))
                .Expect<std::string>()
                .Send(peer)
                .Await()
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

// The schema was checked in one of the three modes only.
TEST_P(SeedRegression, W26_SchemaIsCheckedInEveryPattern) {
  class Calculator final : public test::CalculatorAm::Service {
   public:
    void Note(Context&, const test::Number&) override { ADD_FAILURE(); }
    absl::Status Check(Context&, const test::Number&) override {
      return absl::DataLossError("it ran");
    }
    absl::StatusOr<test::Number> Square(Context&,
                                        const test::Number&) override {
      return absl::DataLossError("it ran");
    }
  } calculator;
  ASSERT_TRUE(server_->Register(calculator).ok());
  const std::string service = "am.test.Calculator/";
  EXPECT_EQ(Confirm(service + "Check", "junk").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Ask(service + "Square", "junk").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Tell(service + "Note", "junk").ok());
  EXPECT_EQ(SettledLedger().received.rejected, 1);
  server_.reset();
}

}  // namespace
}  // namespace am
