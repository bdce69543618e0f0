#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/history.h"

namespace am::fault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr InstanceId kAlice(1), kBob(2), kBobReborn(3);

Operation OneWay(std::uint64_t id) {
  return {.id = id,
          .pattern = Pattern::kNoReturn,
          .sender = kAlice,
          .target = kBob};
}

Operation Call(std::uint64_t id, absl::StatusCode code = absl::StatusCode::kOk,
               int completions = 1) {
  return {.id = id,
          .pattern = Pattern::kAck,
          .sender = kAlice,
          .target = kBob,
          .completions = completions,
          .code = code};
}

Execution Ran(std::uint64_t operation, InstanceId instance = kBob) {
  return {operation, instance};
}

// Alice's with Bob, while both live.
Account AccountOf(std::uint64_t accepted, std::uint64_t delivered) {
  Account account{.sender = kAlice, .receiver = kBob, .connected = true};
  account.ledger.accepted = accepted;
  account.ledger.received.delivered = delivered;
  return account;
}

TEST(Checker, AHistoryThatKeepsEveryPromiseIsFine) {
  const History history{.operations = {OneWay(1), Call(2)},
                        .executions = {Ran(1), Ran(2)},
                        .accounts = {AccountOf(1, 1)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, ACallMustEnd) {
  const History history{
      .operations = {Call(1, absl::StatusCode::kOk, /*completions=*/0)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("never ended")));
}

TEST(Checker, ACallOfOneThatDiedNeedNotEnd) {
  const History history{
      .died = {kAlice},
      .operations = {Call(1, absl::StatusCode::kOk, /*completions=*/0)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, ACallMustNotEndTwice) {
  const History history{
      .died = {kAlice},
      .operations = {Call(1, absl::StatusCode::kOk, /*completions=*/2)},
      .executions = {Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("ended 2 times")));
}

TEST(Checker, AnOperationMustNotRunTwice) {
  const History history{.operations = {Call(1)},
                        .executions = {Ran(1), Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("ran 2 times")));
}

TEST(Checker, AnIdempotentOneMay) {
  Operation call = Call(1);
  call.idempotent = true;
  const History history{.operations = {call}, .executions = {Ran(1), Ran(1)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, ACallThatEndedOkMustHaveRun) {
  const History history{.operations = {Call(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("never ran")));
}

TEST(Checker, ACallThatEndedOkMustHaveTheRightValue) {
  Operation call = Call(1);
  call.value_is_right = false;
  const History history{.operations = {call}, .executions = {Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("wrong value")));
}

TEST(Checker, AnOperationMustNotRunAtTheNextIncarnation) {
  const History history{.operations = {Call(1)},
                        .executions = {Ran(1, kBobReborn)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("another instance")));
}

TEST(Checker, WhatRunsMustHaveBeenSent) {
  const History history{.executions = {Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("nobody sent it")));
}

TEST(Checker, NumbersMustBeUnique) {
  const History history{
      .operations = {Call(1, absl::StatusCode::kUnavailable),
                     Call(1, absl::StatusCode::kUnavailable)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("the number of another")));
}

TEST(Checker, ACallRefusedForWhatItIsMustNotHaveRun) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnimplemented, absl::StatusCode::kInvalidArgument,
        absl::StatusCode::kFailedPrecondition}) {
    const History history{.operations = {Call(1, code)},
                          .executions = {Ran(1)}};
    EXPECT_THAT(Check(history), ElementsAre(HasSubstr("but ran")));
  }
}

TEST(Checker, ACallWhoseOutcomeIsUnknownMayHaveRun) {
  const History history{.operations = {Call(1, absl::StatusCode::kUnavailable)},
                        .executions = {Ran(1)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, ACallMustEndOkOnceAllIsWell) {
  Operation call = Call(1, absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Check({.operations = {call}}), IsEmpty());
  call.unhindered = true;
  EXPECT_THAT(Check({.operations = {call}}),
              ElementsAre(HasSubstr("though all was well")));
}

TEST(Checker, AMessageThatWasNotAcceptedMustNotRun) {
  Operation message = OneWay(1);
  message.accepted = false;
  const History history{.operations = {message}, .executions = {Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("its send had failed")));
}

TEST(Checker, OrderedOperationsMustRunInOrder) {
  Operation first = OneWay(1), second = OneWay(2);
  first.ordered = second.ordered = true;
  const History history{.operations = {first, second},
                        .executions = {Ran(2), Ran(1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("out of order")));
}

TEST(Checker, OthersMayRunInAnyOrder) {
  const History history{.operations = {OneWay(1), OneWay(2)},
                        .executions = {Ran(2), Ran(1)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, EachTargetHasAnOrderOfItsOwn) {
  Operation first = OneWay(1), second = OneWay(2);
  first.ordered = second.ordered = true;
  second.target = kBobReborn;
  const History history{.operations = {first, second},
                        .executions = {Ran(2, kBobReborn), Ran(1)}};
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(Checker, ACallMustNotEndAfterItsDeadline) {
  Operation call = Call(1, absl::StatusCode::kDeadlineExceeded);
  call.deadline = absl::UnixEpoch();
  call.ended_at = call.deadline + absl::Milliseconds(2);
  EXPECT_THAT(Check({.operations = {call}}), IsEmpty());
  call.ended_at += absl::Milliseconds(1);
  EXPECT_THAT(Check({.operations = {call}}),
              ElementsAre(HasSubstr("3ms after its deadline")));
}

TEST(Checker, AnAccountMustAddUp) {
  const History history{.operations = {OneWay(1), OneWay(2)},
                        .executions = {Ran(1)},
                        .accounts = {AccountOf(2, 1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("does not add up")));
}

TEST(Checker, AnAccountMustHaveEverySendThatWasAccepted) {
  const History history{.operations = {OneWay(1), OneWay(2)},
                        .executions = {Ran(1)},
                        .accounts = {AccountOf(1, 1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("2 sends were accepted")));
}

TEST(Checker, WhatIsCountedDeliveredMustHaveRun) {
  const History history{.operations = {OneWay(1)},
                        .accounts = {AccountOf(1, 1)}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("recorded 0")));
}

TEST(Checker, WhatHasRunMustBeDeliveredOrInDoubt) {
  Account account = AccountOf(2, 0);
  account.connected = false;
  account.ledger.link_lost = account.ledger.in_doubt = 1;
  History history{.operations = {OneWay(1), OneWay(2)},
                  .executions = {Ran(1)},
                  .accounts = {account}};
  EXPECT_THAT(Check(history), IsEmpty());
  history.executions.push_back(Ran(2));
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("recorded 2")));
}

TEST(Checker, NothingIsInDoubtBetweenTwoThatLive) {
  Account account = AccountOf(1, 0);
  account.ledger.in_doubt = 1;
  const History history{.operations = {OneWay(1)}, .accounts = {account}};
  EXPECT_THAT(Check(history), ElementsAre(HasSubstr("in doubt though")));
}

}  // namespace
}  // namespace am::fault
