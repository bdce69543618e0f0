#include "tools/amctl/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/amctl/exit_code.h"

namespace am::amctl {
namespace {

using ::testing::HasSubstr;

v1::Instance Make(std::uint64_t id, const std::string& name) {
  v1::Instance instance;
  instance.mutable_peer()->set_id(id);
  instance.mutable_peer()->set_name(name);
  return instance;
}

const std::vector<v1::Instance> kInstances = {
    Make(0x1234'0000'0000'0001, "worker-1"), Make(0x1235'0000'0000'0002, ""),
    Make(0x2000'0000'0000'0003, "worker-10"),
    Make(0x3000'0000'0000'0004, "leader")};

// The id of the one that `text` means, or what is wrong with it.
std::string Chosen(const std::string& text) {
  const auto chosen = Choose(text, kInstances);
  if (chosen.ok()) return IdText(chosen->peer());
  return std::string(chosen.status().message());
}

TEST(Choose, AnIdOrANameIsEnoughByItsBeginning) {
  EXPECT_EQ(Chosen("2000000000000003"), "2000000000000003");
  EXPECT_EQ(Chosen("1235"), "1235000000000002");
  EXPECT_EQ(Chosen("lead"), "3000000000000004");
}

TEST(Choose, AWholeNameIsNotTheBeginningOfAnother) {
  EXPECT_EQ(Chosen("worker-1"), "1234000000000001");
}

TEST(Choose, WhatMayBeSeveralIsRefused) {
  const auto chosen = Choose("123", kInstances);
  EXPECT_EQ(ExitCodeOf(chosen.status()), ExitCode::kUsage);
  EXPECT_EQ(chosen.status().message(),
            "\"123\" may be any of worker-1 (1234000000000001), "
            "1235000000000002");
}

TEST(Choose, NobodyIsNotFoundAndWhoIsNearIsNamed) {
  const auto chosen = Choose("leadre", kInstances);
  EXPECT_EQ(ExitCodeOf(chosen.status()), ExitCode::kNotFound);
  EXPECT_THAT(std::string(chosen.status().message()),
              HasSubstr("did you mean leader?"));
}

TEST(Instance, EnumsAreWrittenAsPeopleDo) {
  EXPECT_EQ(StateText(v1::Instance::DRAINING), "draining");
  EXPECT_EQ(StateText(v1::Instance::STATE_UNSPECIFIED), "serving");
  EXPECT_EQ(StateText(v1::HealthCheckResponse::STOPPED), "stopped");
  EXPECT_EQ(PatternText(v1::HANDLER_PATTERN_NO_RETURN), "no-return");
}

}  // namespace
}  // namespace am::amctl
