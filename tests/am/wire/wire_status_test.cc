#include "am/wire/wire_status.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "am/metadata.h"
#include "gtest/gtest.h"

namespace am {
namespace {

absl::Status RoundTrip(const absl::Status& status) {
  return DecodeStatus(EncodeStatusCode(status), EncodeStatus(status));
}

TEST(WireStatus, OkNeedsNoBytes) {
  EXPECT_EQ(EncodeStatusCode(absl::OkStatus()), 0);
  EXPECT_EQ(EncodeStatus(absl::OkStatus()), "");
  EXPECT_TRUE(DecodeStatus(0, "whatever").ok());
}

TEST(WireStatus, EveryCodeTravels) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(RoundTrip(status), status);
  }
}

TEST(WireStatus, UnknownCodesBecomeUnknown) {
  EXPECT_EQ(DecodeStatus(17, "").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(DecodeStatus(255, "").code(), absl::StatusCode::kUnknown);
}

TEST(WireStatus, PayloadsTravel) {
  absl::Status status = absl::AbortedError("");
  status.SetPayload("type.googleapis.com/a.B", absl::Cord("\x01\xff"));
  status.SetPayload("type.googleapis.com/a.C", absl::Cord(""));
  EXPECT_EQ(RoundTrip(status), status);
}

TEST(WireStatus, PayloadsAreInOrderOfTheirTypes) {
  absl::Status status = absl::AbortedError("m");
  status.SetPayload("b", absl::Cord("2"));
  status.SetPayload("a", absl::Cord("1"));
  EXPECT_EQ(
      *DecodeMetadata(EncodeStatus(status)),
      (Metadata{
          {"am-message", "m"}, {"am-detail:a", "1"}, {"am-detail:b", "2"}}));
}

TEST(WireStatus, LongMessagesAreCut) {
  const absl::Status status = absl::AbortedError(std::string(1 << 20, 'x'));
  EXPECT_EQ(RoundTrip(status), absl::AbortedError(std::string(1 << 14, 'x')));
}

TEST(WireStatus, MessagesAreCutBetweenCharacters) {
  std::string text(16 * 1024 - 1, 'x');
  const absl::Status status = RoundTrip(absl::AbortedError(text + "\u00e4"));
  EXPECT_EQ(status.message(), text);
}

TEST(WireStatus, PayloadsWithoutRoomAreLeftOut) {
  absl::Status status = absl::AbortedError("m");
  status.SetPayload("a", absl::Cord("1"));
  status.SetPayload("b", absl::Cord(std::string(kMaxMetadataBytes, 'x')));
  status.SetPayload("c", absl::Cord("3"));

  const absl::Status received = RoundTrip(status);

  EXPECT_EQ(received.GetPayload("a"), absl::Cord("1"));
  EXPECT_EQ(received.GetPayload("b"), absl::nullopt);
  EXPECT_EQ(received.GetPayload("c"), absl::Cord("3"));
}

TEST(WireStatus, OtherKeysAreSkipped) {
  std::string metadata;
  AppendMetadata("trace-id", "7", metadata);
  AppendMetadata("am-message", "m", metadata);
  EXPECT_EQ(DecodeStatus(10, metadata), absl::AbortedError("m"));
}

TEST(WireStatus, MalformedMetadataIsTakenAsFarAsItGoes) {
  std::string metadata;
  AppendMetadata("am-message", "m", metadata);
  EXPECT_EQ(DecodeStatus(10, metadata + "\xff"), absl::AbortedError("m"));
  EXPECT_EQ(DecodeStatus(10, "\xff"), absl::AbortedError(""));
}

TEST(WireStatus, PayloadsAreBoundedInNumber) {
  std::string metadata;
  for (int i = 0; i < 1000; ++i) {
    AppendMetadata(absl::StrCat("am-detail:", i), "", metadata);
  }
  int payloads = 0;
  DecodeStatus(10, metadata)
      .ForEachPayload(
          [&](absl::string_view, const absl::Cord&) { ++payloads; });
  EXPECT_EQ(payloads, 64);
}

}  // namespace
}  // namespace am
