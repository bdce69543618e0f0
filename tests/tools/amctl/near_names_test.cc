#include "tools/amctl/near_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace am::amctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kNames = {
    "acme.Inference/Compute", "acme.Inference/Validate",
    "am.v1.Handlers/compute", "am.v1.Handlers/shout"};

TEST(NearNames, AFewWrongLettersAreForgiven) {
  EXPECT_THAT(NearNames("am.v1.Handlers/shuot", kNames),
              ElementsAre("am.v1.Handlers/shout"));
  EXPECT_THAT(NearNames("acme.Inference/validate", kNames),
              ElementsAre("acme.Inference/Validate"));
}

TEST(NearNames, TheSameNameElsewhereIsNear) {
  EXPECT_THAT(NearNames("am.v1.Handlers/comput", kNames),
              ElementsAre("am.v1.Handlers/compute", "acme.Inference/Compute"));
}

TEST(NearNames, WhatIsFarIsNotNamed) {
  EXPECT_THAT(NearNames("am.v1.Handlers/xyzzy", kNames), IsEmpty());
  EXPECT_EQ(DidYouMean("am.v1.Handlers/xyzzy", kNames), "");
}

TEST(NearNames, AreNoMoreThanThree) {
  EXPECT_THAT(NearNames("a/a", {"a/b", "a/c", "a/d", "a/e"}),
              ElementsAre("a/b", "a/c", "a/d"));
}

TEST(NearNames, AreAskedFor) {
  EXPECT_EQ(DidYouMean("one", {"ona", "two"}), "; did you mean ona?");
}

}  // namespace
}  // namespace am::amctl
