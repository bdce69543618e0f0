#include "am/method.h"

#include "gtest/gtest.h"

namespace am {
namespace {

constexpr Method<int, void, Pattern::kAck> kValidate{
    {.name = "acme.Inference/Validate",
     .id = HandlerId("acme.Inference/Validate"),
     .pattern = Pattern::kAck,
     .timeout = absl::Seconds(5)}};
static_assert(kValidate.spec.timeout == absl::Seconds(5));

TEST(PatternName, IsTheContractsWord) {
  EXPECT_EQ(PatternName(Pattern::kNoReturn), "NO_RETURN");
  EXPECT_EQ(PatternName(kValidate.spec.pattern), "ACK");
  EXPECT_EQ(PatternName(Pattern::kResponse), "RESPONSE");
  EXPECT_EQ(PatternName(static_cast<Pattern>(0)), "UNKNOWN");
}

}  // namespace
}  // namespace am
