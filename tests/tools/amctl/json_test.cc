#include "tools/amctl/json.h"

#include <gtest/gtest.h>

namespace am::amctl {
namespace {

TEST(Json, MembersKeepTheirOrder) {
  EXPECT_EQ(Json::Object()
                .Set("b", 1)
                .Set("a", Json::Array().Add(true).Add("x").Add(0.5))
                .Set("c", Json::Object())
                .ToString(),
            R"({"b": 1, "a": [true, "x", 0.5], "c": {}})");
}

TEST(Json, TextIsEscaped) {
  EXPECT_EQ(Json("a\"b\\c\n").ToString(), R"("a\"b\\c\u000a")");
}

TEST(Json, WhatIsJsonAlreadyIsKept) {
  EXPECT_EQ(Json::Array().Add(Json::Verbatim("{\"a\":1}")).ToString(),
            "[{\"a\":1}]");
}

}  // namespace
}  // namespace am::amctl
