#include "bench/payload.h"

#include <string>

#include "gtest/gtest.h"

namespace am::bench {
namespace {

TEST(Payload, IsIntactAsMade) {
  for (const std::size_t bytes : {16, 17, 64, 4096, 4112, 100'000}) {
    PayloadMaker maker(bytes);
    for (int i = 0; i < 3; ++i) {
      const std::string payload = maker.Next();
      EXPECT_EQ(payload.size(), bytes);
      EXPECT_TRUE(IsIntact(payload)) << bytes;
    }
  }
}

TEST(Payload, EachDiffersFromTheOneBefore) {
  PayloadMaker maker(64);
  const std::string first = maker.Next();
  EXPECT_NE(maker.Next(), first);
}

TEST(Payload, SeveralMakersCountApart) {
  PayloadMaker one(64, 1000), other(64, 2000);
  EXPECT_NE(one.Next(), other.Next());
  EXPECT_EQ(one.Next(), PayloadMaker(64, 1001).Next());
}

TEST(Payload, AnyByteChangedShows) {
  std::string payload = PayloadMaker(5000).Next();
  for (std::size_t at = 0; at < payload.size(); ++at) {
    payload[at] ^= 1;
    EXPECT_FALSE(IsIntact(payload)) << at;
    payload[at] ^= 1;
  }
}

TEST(Payload, AByteLostShows) {
  const std::string payload = PayloadMaker(64).Next();
  for (std::size_t at = 0; at + 1 < payload.size(); ++at) {
    EXPECT_FALSE(IsIntact(std::string(payload).erase(at, 1))) << at;
  }
}

TEST(Payload, NothingIsNotIntact) { EXPECT_FALSE(IsIntact("")); }

}  // namespace
}  // namespace am::bench
