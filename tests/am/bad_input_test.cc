// Whatever comes from outside is refused and counted, and the node serves on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "am/wire/wire_status.h"
#include "tests/am/manager_fixture.h"
#include "tests/am/stranger.h"

namespace am {
namespace {

using ::testing::HasSubstr;

// A server with an echo, and a stranger that has joined it.
class BadInputTest : public PlaneTest {
 protected:
  BadInputTest() : server_(world_.MakeManager()), mallory_(world_, *server_) {
    EXPECT_TRUE(server_
                    ->RegisterResponse(
                        "echo",
                        [](Context&, const std::string& in)
                            -> absl::StatusOr<std::string> { return in; })
                    .ok());
    EXPECT_TRUE(mallory_.Join());
  }

  template <typename Class>
  std::uint64_t Refused(Class cause) const {
    return server_->node().refusals().of(cause);
  }

  // The stranger's own next call is served, and anybody else's as well.
  void ExpectServesOn() {
    mallory_.Send(CallOf("echo", 77), "still here");
    const auto reply = mallory_.Await(MessageKind::kReply);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->payload, "still here");
    const auto friendly = world_.MakeManager();
    const InstanceId peer = world_.Connect(*friendly, *server_);
    EXPECT_TRUE(friendly->client().HealthCheck(peer).Await().ok());
  }

  absl::Status ReplyStatus() {
    const auto reply = mallory_.Await(MessageKind::kReply);
    if (!reply.has_value()) return absl::UnknownError("no reply");
    return DecodeStatus(reply->header.status, reply->metadata);
  }

  std::unique_ptr<Manager> server_;
  Stranger mallory_;
};
INSTANTIATE_PLANES(BadInputTest);

TEST_P(BadInputTest, UnknownHandlerIsUnimplemented) {
  mallory_.Send(CallOf("nothing"));
  EXPECT_EQ(ReplyStatus().code(), absl::StatusCode::kUnimplemented);
  ExpectServesOn();
}

TEST_P(BadInputTest, WrongPatternIsAFailedPrecondition) {
  mallory_.Send(AckCallOf("echo"));
  const absl::Status status = ReplyStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("echo"));
  ExpectServesOn();
}

TEST_P(BadInputTest, PayloadThatDoesNotDecodeIsAnInvalidArgument) {
  MessageHeader header = CallOf("am.v1.Node/AwaitHandler");
  header.codec = Codec::kProtobuf;
  mallory_.Send(header, "\xff\xff\xff");
  EXPECT_EQ(ReplyStatus().code(), absl::StatusCode::kInvalidArgument);
  ExpectServesOn();
}

TEST_P(BadInputTest, UnknownCodecIsAnInvalidArgument) {
  MessageHeader header = CallOf("am.v1.Node/HealthCheck");
  header.codec = static_cast<Codec>(99);
  mallory_.Send(header, "x");
  EXPECT_EQ(ReplyStatus().code(), absl::StatusCode::kInvalidArgument);
  ExpectServesOn();
}

TEST_P(BadInputTest, SpentBudgetIsDeadlineExceeded) {
  MessageHeader header = CallOf("echo");
  header.budget = 0;
  mallory_.Send(header);
  EXPECT_EQ(ReplyStatus().code(), absl::StatusCode::kDeadlineExceeded);
  ExpectServesOn();
}

TEST_P(BadInputTest, RandomBytesAreNotAFrame) {
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    std::string bytes(1 + random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    mallory_.SendBytes(bytes);
  }
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kTooShort) + Refused(WireError::kBadMagic), 100);
  ExpectServesOn();
}

TEST_P(BadInputTest, EmptyFrameIsTooShort) {
  mallory_.SendBytes("");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kTooShort), 1);
}

TEST_P(BadInputTest, AnotherMajorVersionIsRefused) {
  FrameHeader header = mallory_.NextHeader();
  header.major = kWireMajor + 1;
  mallory_.Send(header, CallOf("echo"));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kOtherMajor), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, LaterMinorVersionIsTaken) {
  FrameHeader header = mallory_.NextHeader();
  header.minor = kWireMinor + 1;
  MessageHeader ping;
  ping.kind = MessageKind::kPing;
  mallory_.Send(header, ping);
  EXPECT_TRUE(mallory_.Await(MessageKind::kPong).has_value());
}

TEST_P(BadInputTest, FlippedBitFailsTheChecksum) {
  std::string frame = NewFrame();
  FinishFrame(mallory_.NextHeader(), frame);
  frame[30] ^= 1;
  mallory_.SendBytes(frame);
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kBadChecksum), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, TruncatedMessageIsRefused) {
  std::string frame = NewFrame();
  AppendMessage(frame, CallOf("echo"), {}, Payload::Borrow("hello"));
  FinishFrame(mallory_.NextHeader(), frame);
  frame.pop_back();
  mallory_.SendBytes(frame);
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kBadLength), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, BytesAfterTheLastMessageAreRefused) {
  std::string frame = NewFrame();
  AppendMessage(frame, CallOf("echo"), {}, Payload::Borrow("hello"));
  FinishFrame(mallory_.NextHeader(), frame);
  mallory_.SendBytes(frame + "more");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kTrailingBytes), 1);
}

TEST_P(BadInputTest, BadMetadataIsRefused) {
  mallory_.Send(mallory_.NextHeader(), CallOf("echo"), "x", "garbage");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kBadMetadata), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, PartThatNoMessageClaimsIsRefused) {
  std::string frame = NewFrame();
  AppendMessage(frame, CallOf("echo"), {}, Payload());
  FinishFrame(mallory_.NextHeader(), frame);
  mallory_.SendBytes(frame, {transport::Buffer(std::string("part"))});
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kExtraPart), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, MissingPartIsRefused) {
  MessageHeader call = CallOf("echo");
  call.flags = kPayloadInPart;
  mallory_.Send(mallory_.NextHeader(), call);
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(WireError::kMissingPart), 1);
}

TEST_P(BadInputTest, FrameForAnotherIncarnationIsRefused) {
  FrameHeader header = mallory_.NextHeader();
  ++header.target;
  mallory_.Send(header, CallOf("echo"));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kOtherIncarnation), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, FrameOfAClosedSessionIsRefused) {
  const FrameHeader before = mallory_.NextHeader();
  EXPECT_TRUE(mallory_.Join());
  mallory_.Send(before, CallOf("echo"));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kWrongSession), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, FrameOfASessionThatNeverBeganIsRefused) {
  FrameHeader header = mallory_.NextHeader();
  header.session += 100;
  mallory_.Send(header, CallOf("echo"));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kWrongSession), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, WhoHasNotSaidHelloIsUnknown) {
  Stranger eve(world_, *server_);
  eve.Send(CallOf("echo"));
  EXPECT_TRUE(eve.Join());
  EXPECT_EQ(Refused(Refusal::kUnknownSender), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, DuplicateFrameIsRefused) {
  const FrameHeader header = mallory_.NextHeader();
  mallory_.Send(CallOf("echo", 1), "once");
  mallory_.Send(header, CallOf("echo", 2), "twice");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kOutOfOrder), 1);
  ASSERT_TRUE(mallory_.Await(MessageKind::kReply).has_value());
  ExpectServesOn();
}

TEST_P(BadInputTest, GapInTheNumbersIsRefusedUntilTheNextSession) {
  FrameHeader header = mallory_.NextHeader();
  header.first_sequence += 5;
  mallory_.Send(header, CallOf("echo"));
  const auto refusal = mallory_.Await(MessageKind::kHelloAck);
  ASSERT_TRUE(refusal.has_value());
  v1::HelloAck ack;
  ASSERT_TRUE(ack.ParseFromString(refusal->payload));
  EXPECT_EQ(ack.code(), static_cast<int>(absl::StatusCode::kAborted));
  EXPECT_EQ(Refused(Refusal::kOutOfOrder), 1);
  EXPECT_TRUE(mallory_.Join());
  EXPECT_TRUE(mallory_.Ping());
  ExpectServesOn();
}

TEST_P(BadInputTest, CountsOfWhatWasNeverSentAreRefused) {
  EXPECT_TRUE(mallory_.Ping());  // Learns the server's session.
  FrameHeader header = mallory_.NextHeader();
  header.counted += 1000;
  mallory_.Send(header, CallOf("echo"));
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kBadCounts), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, DispositionsOfWhatWasNeverSentAreRefused) {
  v1::Counts counts;
  counts.set_delivered(1000);
  MessageHeader message;
  message.kind = MessageKind::kCounts;
  mallory_.Send(message, counts.SerializeAsString());
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kBadCounts), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, CountsThatDoNotParseAreRefused) {
  MessageHeader message;
  message.kind = MessageKind::kCounts;
  mallory_.Send(message, "\xff\xff");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kBadControl), 1);
}

TEST_P(BadInputTest, NumberedMessageOfUnknownKindIsCountedAndSkipped) {
  MessageHeader message;
  message.kind = static_cast<MessageKind>(99);
  mallory_.Send(message, "from the future");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kUnknownKind), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, ControlMessageOfUnknownKindIsSkipped) {
  MessageHeader message;
  message.kind = static_cast<MessageKind>(15);
  mallory_.Send(message, "of a later minor version");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_TRUE(server_->node().refusals().List().empty());
}

TEST_P(BadInputTest, ReplyToNoCallIsLate) {
  MessageHeader message;
  message.kind = MessageKind::kReply;
  message.call_id = 12345;
  mallory_.Send(message);
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kLateReply), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, CancelOfNoCallIsHarmless) {
  MessageHeader message;
  message.kind = MessageKind::kCancel;
  message.call_id = 12345;
  mallory_.Send(message);
  EXPECT_TRUE(mallory_.Ping());
  ExpectServesOn();
}

TEST_P(BadInputTest, HelloThatLiesAboutItsIdIsRefused) {
  Stranger eve(world_, *server_);
  PeerInfo lie = eve.info();
  lie.id = mallory_.id();
  FrameHeader header = eve.NextHeader();
  header.session = 9;
  eve.SayHello(header, lie);
  EXPECT_TRUE(eve.Join());
  EXPECT_EQ(Refused(Refusal::kBadControl), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, HelloThatDoesNotParseIsRefused) {
  MessageHeader message;
  message.kind = MessageKind::kHello;
  mallory_.Send(message, "\xff\xff");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kBadControl), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, HelloOfAnOldSessionIsRefused) {
  const FrameHeader before = mallory_.NextHeader();
  EXPECT_TRUE(mallory_.Join());
  mallory_.SayHello(before, mallory_.info());
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_EQ(Refused(Refusal::kWrongSession), 1);
  ExpectServesOn();
}

TEST_P(BadInputTest, HelloAckForNobodyIsHarmless) {
  MessageHeader message;
  message.kind = MessageKind::kHelloAck;
  mallory_.Send(message, "");
  EXPECT_TRUE(mallory_.Ping());
  ExpectServesOn();
}

TEST_P(BadInputTest, RefusalsAreListedByClass) {
  mallory_.SendBytes("junk");
  EXPECT_TRUE(mallory_.Ping());
  EXPECT_THAT(server_->DebugString(), HasSubstr("refused too_short 1"));
}

}  // namespace
}  // namespace am
