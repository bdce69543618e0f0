// A little of each case; `tools/dev fault` runs them at full size.
#include "tests/fault/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am::fault {
namespace {

using testing::IsEmpty;

constexpr Amount kLittle = {.faults = 2, .messages_between = 2'000};

class CasesTest : public testing::TestWithParam<Scheme> {};

std::string SchemeName(const testing::TestParamInfo<Scheme>& scheme) {
  return scheme.param;
}

INSTANTIATE_TEST_SUITE_P(Schemes, CasesTest, testing::Values("tcp", "ipc"),
                         SchemeName);

TEST_P(CasesTest, WithoutFaultsEverythingIsDelivered) {
  const Row row = Steady(GetParam(), 10'000);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
  EXPECT_EQ(row.delivered, 10'000u);
  EXPECT_EQ(row.in_doubt, 0u);
}

TEST_P(CasesTest, AKilledReceiverLosesNothingSilently) {
  const Row row = KillReceiver(GetParam(), kLittle);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, WhatAKilledSenderSentRunsOnceAtTheMost) {
  const Row row = KillSender(GetParam(), kLittle);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

}  // namespace
}  // namespace am::fault
