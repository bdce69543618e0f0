#include "am/cohort/cohort_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace am::cohort {
namespace {

using testing::HasSubstr;

CohortOptions Good() { return {.size = CohortSize::Fixed(4)}; }

std::string Wrong(const CohortOptions& options) {
  const absl::Status status = Validate(options);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CohortOptions, DefaultsAreTheSeedsButForTheSize) {
  const CohortOptions options = Good();
  EXPECT_EQ(options.failure_policy, FailurePolicy::kTerminateAll);
  EXPECT_EQ(options.heartbeat_interval, absl::Seconds(30));
  EXPECT_EQ(options.heartbeat_timeout, absl::Seconds(120));
  EXPECT_EQ(options.shutdown_timeout, absl::Seconds(60));
  EXPECT_FALSE(options.cancel.stop_requested());
  EXPECT_TRUE(Validate(options).ok());
}

TEST(CohortOptions, SizeIsRequired) {
  EXPECT_THAT(Wrong({}), HasSubstr("size is required"));
}

TEST(CohortOptions, SizeGrowsFromOne) {
  CohortOptions options = Good();
  options.size = CohortSize::Elastic(3, 2);
  EXPECT_THAT(Wrong(options), HasSubstr("3..2"));
  options.size = CohortSize::Elastic(0, 2);
  EXPECT_THAT(Wrong(options), HasSubstr("0..2"));
  options.size = CohortSize::Fixed(-1);
  EXPECT_THAT(Wrong(options), HasSubstr("-1..-1"));
}

TEST(CohortOptions, TimesAreAboveZero) {
  CohortOptions options = Good();
  options.heartbeat_interval = absl::ZeroDuration();
  options.shutdown_timeout = -absl::Seconds(1);
  EXPECT_THAT(Wrong(options), HasSubstr("heartbeat_interval"));
  EXPECT_THAT(Wrong(options), HasSubstr("shutdown_timeout is -1s"));
}

TEST(CohortOptions, TimeoutIsNotBelowTheInterval) {
  CohortOptions options = Good();
  options.heartbeat_timeout = absl::Seconds(1);
  EXPECT_THAT(Wrong(options), HasSubstr("below heartbeat_interval"));
}

TEST(CohortOptions, NameIsNotEmpty) {
  CohortOptions options = Good();
  options.name = "";
  EXPECT_THAT(Wrong(options), HasSubstr("name is empty"));
}

}  // namespace
}  // namespace am::cohort
