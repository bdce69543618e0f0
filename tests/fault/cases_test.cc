// A little of each case; `tools/dev fault` runs them at full size.
#include "tests/fault/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am::fault {
namespace {

using testing::IsEmpty;

constexpr Amount kLittle = {.faults = 2, .messages_between = 2'000};

// A peer is given up soon, and a busy machine is silent for a while.
constexpr Amount kBriefSilence = {.faults = 1,
                                  .messages_between = 500,
                                  .per_second = 5'000,
                                  .heartbeat_interval = absl::Milliseconds(100),
                                  .heartbeat_timeout = absl::Milliseconds(200)};

class CasesTest : public testing::TestWithParam<Scheme> {};

std::string SchemeName(const testing::TestParamInfo<Scheme>& scheme) {
  return scheme.param;
}

INSTANTIATE_TEST_SUITE_P(Schemes, CasesTest,
                         testing::Values("tcp", "ipc", "shm"), SchemeName);

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

TEST_P(CasesTest, ASlowConsumerLosesNothingSilently) {
  const Row row =
      SlowConsumer(Slow::kHandlers, GetParam(),
                   {.faults = 2, .messages_between = 200, .per_second = 1'000});
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, AConsumerThatStandsStillLosesNothing) {
  const Row row =
      SlowConsumer(Slow::kProcess, GetParam(),
                   {.faults = 2, .messages_between = 200, .per_second = 1'000});
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(CohortCaseTest, AKilledWorkerIsTheOnlyRankThatIsLost) {
  const Row row = KillCohortWorker(/*kills=*/2);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
  EXPECT_GT(row.delivered, 0u);
}

TEST(TcpTest, WhoIsConnectedIsServedWithoutDescriptors) {
  const Row row = Descriptors({.faults = 1});
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, TheDateDoesNotMatter) {
  const Row row =
      ClockSteps(GetParam(), {.faults = 4, .messages_between = 2'000});
  if (!row.skipped.empty()) GTEST_SKIP() << row.skipped;
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, WhatIsTooMuchIsRefusedAndTheRestRuns) {
  const Row row = Overload(GetParam(), 8);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
  EXPECT_GE(row.delivered, 8u);
}

TEST_P(CasesTest, AStoppedProcessIsGivenUpAndComesBack) {
  const Row row = StopReceiver(GetParam(), kBriefSilence);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, AStoppedSenderComesBack) {
  const Row row = StopSender(GetParam(), kBriefSilence);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

// Messages larger than the ring: the fault finds one half written.
constexpr Amount kLittleOfLarge = {
    .faults = 2, .messages_between = 50, .payload_bytes = std::size_t{1} << 20};

TEST(ShmTest, AReceiverKilledInTheMidstOfAMessageLosesNothingSilently) {
  const Row row = KillReceiver("shm", kLittleOfLarge);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(ShmTest, WhatASenderHadHalfWrittenIsNotRead) {
  const Row row = KillSender("shm", kLittleOfLarge);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(ShmTest, AStoppedProcessSharesMemoryAgainWhenItComesBack) {
  const Row row = StopReceiver("both", kBriefSilence);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(ShmTest, AnUpgradeMayBeCutAtEachOfItsSteps) {
  const Row row = UpgradeCut();
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(ShmTest, WhoScribblesOverARingHarmsNobodyElse) {
  const Row row = Scribble({.faults = 2, .messages_between = 2'000});
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST(ShmTest, OfManyPeersTheKilledOnesAreLostAlone) {
  const Row row =
      ManyPeers("shm", /*peers=*/16,
                {.faults = 2, .messages_between = 100, .per_second = 200});
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

TEST_P(CasesTest, AResetIsAccountedForToTheLastMessage) {
  const Row row = Reset(GetParam(), kLittle);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
  EXPECT_EQ(row.in_doubt, 0u);
}

class PartitionTest : public testing::TestWithParam<Cut> {};
INSTANTIATE_TEST_SUITE_P(Cuts, PartitionTest,
                         testing::Values(Cut::kBothWays, Cut::kToServer,
                                         Cut::kToCaller));

TEST_P(PartitionTest, WhatItLostIsKnownOnceItHeals) {
  const Row row = Partition(GetParam(), kBriefSilence);
  if (!row.skipped.empty()) GTEST_SKIP() << row.skipped;
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
  EXPECT_EQ(row.in_doubt, 0u);
}

// Longer than the leases, and than what the registry asks of etcd.
constexpr RegistryAmount kBriefOutage = {
    .outage = absl::Seconds(2), .ttl = absl::Seconds(1), .per_second = 1'000};

TEST(RegistryTest, NoCallFailsForWantOfARegistry) {
  const Row row = RegistryKilled(kBriefOutage);
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

class EtcdTest : public testing::TestWithParam<EtcdFault> {};
INSTANTIATE_TEST_SUITE_P(Faults, EtcdTest,
                         testing::Values(EtcdFault::kKilled, EtcdFault::kWiped,
                                         EtcdFault::kCompacted));

TEST_P(EtcdTest, NoCallFailsForWantOfEtcd) {
  const Row row = EtcdAway(GetParam(), kBriefOutage);
  if (!row.skipped.empty()) GTEST_SKIP() << row.skipped;
  EXPECT_THAT(row.violations, IsEmpty()) << row.ToString();
}

}  // namespace
}  // namespace am::fault
