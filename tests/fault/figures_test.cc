#include "tests/fault/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am::fault {
namespace {

constexpr InstanceId kPeer{7};
constexpr InstanceId kOther{8};

Sent CallTo(InstanceId target, std::int64_t ended_ns, absl::StatusCode code) {
  Sent sent;
  sent.target = target.value();
  sent.pattern = Pattern::kAck;
  sent.begun_ns = 1;
  sent.ended_ns = ended_ns;
  sent.code = static_cast<std::uint8_t>(code);
  return sent;
}

TEST(Figures, TheFirstFailureAfterAMomentCounts) {
  const std::vector<Sent> sent = {
      CallTo(kPeer, 90, absl::StatusCode::kUnavailable),  // before
      CallTo(kOther, 110, absl::StatusCode::kUnavailable),
      CallTo(kPeer, 120, absl::StatusCode::kOk),
      CallTo(kPeer, 140, absl::StatusCode::kUnavailable),
      CallTo(kPeer, 130, absl::StatusCode::kUnavailable)};
  EXPECT_EQ(FailedAfter(sent, kPeer, 100), absl::Nanoseconds(30));
  EXPECT_EQ(WorkedAfter(sent, kPeer, 100), absl::Nanoseconds(20));
}

TEST(Figures, WhatHasNotEndedHasNotFailed) {
  EXPECT_EQ(FailedAfter({CallTo(kPeer, 0, absl::StatusCode::kOk)}, kPeer, 100),
            absl::InfiniteDuration());
}

TEST(Figures, AOneWayMessageFailsByNotBeingAccepted) {
  Sent sent;
  sent.target = kPeer.value();
  sent.ended_ns = 130;
  EXPECT_EQ(FailedAfter({sent}, kPeer, 100), absl::Nanoseconds(30));
  sent.accepted = true;
  EXPECT_EQ(FailedAfter({sent}, kPeer, 100), absl::InfiniteDuration());
  EXPECT_EQ(WorkedAfter({sent}, kPeer, 100), absl::InfiniteDuration());
}

TEST(Figures, CallersAreToldApart) {
  Sent of_peer = CallTo(kOther, 130, absl::StatusCode::kOk);
  of_peer.sender = kPeer.value();
  Sent of_other = CallTo(kOther, 150, absl::StatusCode::kOk);
  of_other.sender = kOther.value();
  EXPECT_THAT(
      TimesOfCalls(SentBy(kPeer, {of_other, of_peer}), kOther, {{0, 100}}),
      testing::ElementsAre(absl::Nanoseconds(129)));
}

TEST(Figures, TheRateIsThatOfAllMessages) {
  const std::vector<Sent> sent(5'001,
                               CallTo(kPeer, 1'000'001, absl::StatusCode::kOk));
  EXPECT_EQ(Rate(sent), "5001 k/s");
}

}  // namespace
}  // namespace am::fault
