#include "am/control/page_token.h"

#include <gtest/gtest.h>

namespace am::control {
namespace {

v1::InstanceFilter With(const std::string& label, const std::string& value) {
  v1::InstanceFilter filter;
  (*filter.mutable_labels())[label] = value;
  return filter;
}

const PageTokens kTokens({1, 2});

// From the reference implementation, for the key 00 01 .. 0f.
TEST(SipHash, HashesAsPublished) {
  const SipKey key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(SipHash(key, ""), 0x726fdb47dd0e0e31);
  const std::string bytes("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 15);
  EXPECT_EQ(SipHash(key, bytes), 0xa129ca6149be45e5);
}

TEST(PageTokens, OwnTokenIsRead) {
  const std::string token = kTokens.Make(With("a", "b"), InstanceId(7));
  EXPECT_EQ(*kTokens.Read(With("a", "b"), token), InstanceId(7));
}

TEST(PageTokens, NoTokenIsTheFirstPage) {
  EXPECT_TRUE(kTokens.Read({}, "")->is_nobody());
}

TEST(PageTokens, TokenOfAnotherFilterIsRefused) {
  const std::string token = kTokens.Make(With("a", "bc"), InstanceId(7));
  EXPECT_TRUE(
      absl::IsInvalidArgument(kTokens.Read(With("ab", "c"), token).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(kTokens.Read({}, token).status()));
}

TEST(PageTokens, TokenOfAnotherRegistryIsRefused) {
  const std::string token = PageTokens({1, 3}).Make({}, InstanceId(7));
  EXPECT_TRUE(absl::IsInvalidArgument(kTokens.Read({}, token).status()));
}

TEST(PageTokens, EveryAlteredDigitIsNoticed) {
  const std::string token = kTokens.Make({}, InstanceId(7));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == '0' ? '1' : '0';
    EXPECT_FALSE(kTokens.Read({}, altered).ok()) << i;
  }
}

TEST(PageTokens, GarbageIsRefused) {
  for (const char* const text : {"x", "7", "0000000000000007", "\xff\xfe"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(kTokens.Read({}, text).status()));
  }
}

}  // namespace
}  // namespace am::control
