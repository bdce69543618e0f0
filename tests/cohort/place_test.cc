#include "am/cohort/place.h"

#include <gtest/gtest.h>

namespace am::cohort {
namespace {

std::optional<Place> Sent(const Metadata& metadata) {
  return FindPlace(*EncodeMetadata(metadata));
}

TEST(Place, TravelsAsMetadata) {
  const Place place{0xfedcba9876543210, 42};
  EXPECT_EQ(ToMetadata(place).front().second, "18364758544493064720.42");
  EXPECT_EQ(Sent(ToMetadata(place)), place);
}

TEST(Place, IsFoundAmongOthers) {
  EXPECT_EQ(Sent({{"trace", "7"}, {"cohort-place", "1.2"}}), Place(1, 2));
  EXPECT_EQ(Sent({{"trace", "7"}}), std::nullopt);
  EXPECT_EQ(FindPlace(""), std::nullopt);
}

TEST(Place, WhatDoesNotParseIsOfNoCohort) {
  for (const char* const text : {"", ".", "1", "1.", ".2", "a.2", "1.b",
                                 "18446744073709551616.2", "1.2.3"}) {
    EXPECT_EQ(Sent({{"cohort-place", text}}), Place()) << text;
  }
}

}  // namespace
}  // namespace am::cohort
