#include "am/transport/blocks.h"

#include <memory>
#include <utility>

#include "gtest/gtest.h"

namespace am::transport {
namespace {

constexpr absl::Duration kForEver = absl::InfiniteDuration();

TEST(SpareBlocks, ALargeBlockIsUsedAgain) {
  SpareBlocks blocks(kForEver);
  const char* const bytes = blocks.Make(kLargeBlock + 1).get();
  EXPECT_GT(blocks.bytes(), kLargeBlock);
  EXPECT_EQ(blocks.Make(kLargeBlock + 2).get(), bytes);
}

TEST(SpareBlocks, WhatSomebodyHoldsIsNotUsedAgain) {
  SpareBlocks blocks(kForEver);
  const std::shared_ptr<char[]> held = blocks.Make(kLargeBlock);
  EXPECT_NE(blocks.Make(kLargeBlock), held);
}

TEST(SpareBlocks, NoneIsUsedForOneOfHalfItsSize) {
  SpareBlocks blocks(kForEver);
  const char* const bytes = blocks.Make(2 * kLargeBlock).get();
  EXPECT_NE(blocks.Make(kLargeBlock).get(), bytes);
}

TEST(SpareBlocks, SmallBlocksAreNotKept) {
  SpareBlocks blocks(kForEver);
  blocks.Make(kLargeBlock - 1);
  EXPECT_EQ(blocks.bytes(), 0u);
}

TEST(SpareBlocks, NoMoreIsKeptThanTheBound) {
  SpareBlocks blocks(kForEver);
  {
    const auto one = blocks.Make(SpareBlocks::kMostBytes);
    const auto another = blocks.Make(SpareBlocks::kMostBytes);
  }
  EXPECT_EQ(blocks.bytes(), SpareBlocks::kMostBytes);
}

TEST(SpareBlocks, WhatWasKeptLongEnoughIsFreed) {
  SpareBlocks blocks(absl::ZeroDuration());
  blocks.Make(kLargeBlock);
  EXPECT_EQ(blocks.FreeOld(), absl::InfiniteDuration());
  EXPECT_EQ(blocks.bytes(), 0u);
}

TEST(SpareBlocks, WhatIsToBeKeptIsNotFreed) {
  SpareBlocks blocks(absl::Hours(1));
  blocks.Make(kLargeBlock);
  EXPECT_GT(blocks.FreeOld(), absl::Minutes(1));
  EXPECT_EQ(blocks.bytes(), kLargeBlock);
}

TEST(SpareBlocks, ABlockMayOutliveIt) {
  auto blocks = std::make_unique<SpareBlocks>(kForEver);
  const std::shared_ptr<char[]> held = blocks->Make(kLargeBlock);
  blocks = nullptr;
  held[kLargeBlock - 1] = 'x';
  EXPECT_EQ(held[kLargeBlock - 1], 'x');
}

}  // namespace
}  // namespace am::transport
