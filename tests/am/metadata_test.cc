#include "am/metadata.h"

#include "gtest/gtest.h"

namespace am {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const Metadata kTwo = {{"trace-id", "a\xff"}, {"trace-id", ""}};

TEST(Metadata, HasLengthsBeforeItsEntries) {
  EXPECT_EQ(*EncodeMetadata({{"k", "vw"}}), std::string("\1\0\2\0\0\0kvw", 9));
}

TEST(Metadata, DecodesWhatWasEncoded) {
  EXPECT_EQ(*DecodeMetadata(*EncodeMetadata(kTwo)), kTwo);
  EXPECT_EQ(*DecodeMetadata(""), Metadata());
}

TEST(Metadata, RefusesKeysThatAreNotAUsers) {
  for (const char* key :
       {"", "Trace", "a b", "a\n", "am-message", "\xc3\xa4"}) {
    EXPECT_EQ(EncodeMetadata({{key, "v"}}).status().code(), kInvalid) << key;
  }
}

TEST(Metadata, IsBounded) {
  const std::size_t room = kMaxMetadataBytes - 6 - 1;
  const absl::StatusOr<std::string> full =
      EncodeMetadata({{"k", std::string(room, 'v')}});
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->size(), kMaxMetadataBytes);
  EXPECT_TRUE(IsMetadata(*full));
  EXPECT_EQ(EncodeMetadata({{"k", std::string(room + 1, 'v')}}).status().code(),
            kInvalid);
  EXPECT_EQ(EncodeMetadata({{std::string(1 << 16, 'k'), ""}}).status().code(),
            kInvalid);
}

TEST(Metadata, AboveTheBoundIsNone) {
  const std::string empty_entry(6, '\0');
  std::string bytes;
  while (bytes.size() <= kMaxMetadataBytes) bytes += empty_entry;
  EXPECT_FALSE(IsMetadata(bytes));
}

TEST(Metadata, CutAnywhereIsNone) {
  const std::string bytes = *EncodeMetadata({{"key", "value"}});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const absl::string_view cut = absl::string_view(bytes).substr(0, size);
    EXPECT_FALSE(IsMetadata(cut)) << size;
    EXPECT_EQ(DecodeMetadata(cut).status().code(), kInvalid) << size;
  }
}

TEST(Metadata, WithLengthsThatOverflowIsNone) {
  EXPECT_FALSE(IsMetadata("\xff\xff\xff\xff\xff\xff"));
  EXPECT_FALSE(IsMetadata(absl::string_view("\1\0\xff\xff\xff\xffkv", 8)));
}

TEST(Metadata, IsNotAppendedAboveTheBound) {
  std::string bytes(kMaxMetadataBytes - 8, '\0');
  EXPECT_FALSE(AppendMetadata("key", "", bytes));
  EXPECT_EQ(bytes.size(), kMaxMetadataBytes - 8);
  EXPECT_TRUE(AppendMetadata("k", "v", bytes));
  EXPECT_EQ(bytes.size(), kMaxMetadataBytes);
}

TEST(Metadata, IsTakenOneByOne) {
  const std::string bytes = *EncodeMetadata(kTwo);
  absl::string_view rest = bytes;
  absl::string_view key, value;
  ASSERT_TRUE(TakeMetadata(rest, key, value));
  EXPECT_EQ(key, "trace-id");
  EXPECT_EQ(value, "a\xff");
  ASSERT_TRUE(TakeMetadata(rest, key, value));
  EXPECT_EQ(value, "");
  EXPECT_FALSE(TakeMetadata(rest, key, value));
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace am
