#include "tests/fault/row.h"

#include <gtest/gtest.h>

namespace am::fault {
namespace {

TEST(Row, IsOneLine) {
  Row row = {.name = "kill", .messages = 10, .delivered = 8, .in_doubt = 2};
  row.AddTimes(
      "noticed",
      {absl::Milliseconds(3), absl::Milliseconds(1), absl::Milliseconds(2)},
      absl::Milliseconds(3));
  EXPECT_EQ(row.ToString(),
            "kill  messages 10  delivered 8  in doubt 2  violations 0  "
            "noticed 2.0 ms, at most 3.0 ms  ok");
}

TEST(Row, AFigureAboveItsBoundFails) {
  Row row = {.name = "kill"};
  row.AddTimes("noticed", {absl::Milliseconds(4)}, absl::Milliseconds(3));
  EXPECT_FALSE(row.ok());
}

TEST(Row, ACountAboveItsBoundIsAViolation) {
  Row row = {.name = "kill"};
  row.AddCount("failed", 0, 0);
  EXPECT_TRUE(row.violations.empty());
  row.AddCount("failed", 2, 1);
  EXPECT_EQ(row.violations, std::vector<std::string>{"failed 2, more than 1"});
}

TEST(Row, WhatWasNotMeasuredFails) {
  Row row = {.name = "kill"};
  row.AddTimes("noticed", {});
  EXPECT_FALSE(row.ok());
}

TEST(Row, AViolationFails) {
  const Row row = {.name = "kill", .violations = {"lost"}};
  EXPECT_FALSE(row.ok());
}

TEST(Row, SaysWhyItWasSkipped) {
  const Row row = {.name = "cut", .skipped = "not root"};
  EXPECT_EQ(row.ToString(), "cut  SKIPPED: not root");
  EXPECT_TRUE(row.ok());
}

}  // namespace
}  // namespace am::fault
