#include "am/instance_id.h"

#include <set>

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"

namespace am {
namespace {

TEST(InstanceId, IsNobodyByDefault) {
  EXPECT_TRUE(InstanceId().is_nobody());
  EXPECT_FALSE(InstanceId(1).is_nobody());
}

TEST(InstanceId, RandomOnesDiffer) {
  std::set<InstanceId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(InstanceId::Random());
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(ids.count(InstanceId()), 0u);
}

TEST(InstanceId, PrintsSixteenDigits) {
  EXPECT_EQ(InstanceId(0xabc).ToString(), "0000000000000abc");
}

TEST(InstanceId, ParsesWhatItPrints) {
  const InstanceId id(0xfedcba9876543210);
  EXPECT_EQ(*InstanceId::Parse(id.ToString()), id);
}

TEST(InstanceId, ParsesCapitals) {
  EXPECT_EQ(*InstanceId::Parse("0000000000000ABC"), InstanceId(0xabc));
}

TEST(InstanceId, RefusesOtherTexts) {
  for (const char* text :
       {"", "abc", "0000000000000abcd", "000000000000000g", "0x00000000000abc",
        " 00000000000abcd", "-000000000000abc", "+000000000000abc"}) {
    EXPECT_EQ(InstanceId::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(InstanceId, HashesByValue) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
      {InstanceId(), InstanceId(1), InstanceId(~std::uint64_t{0})}));
}

}  // namespace
}  // namespace am
