#include "tools/amctl/handler_name.h"

#include <gtest/gtest.h>

#include "tools/amctl/exit_code.h"

namespace am::amctl {
namespace {

TEST(HandlerName, IsTakenAsOthersWriteItToo) {
  EXPECT_EQ(*HandlerNameOf("compute"), "am.v1.Handlers/compute");
  for (const char* const text :
       {"a.Service/Method", "/a.Service/Method", "a.Service.Method"}) {
    EXPECT_EQ(*HandlerNameOf(text), "a.Service/Method") << text;
  }
}

TEST(HandlerName, WhatIsNoneIsAWrongArgument) {
  for (const char* const text :
       {"", "/", "a b", ".", "a.", "a.Service/", "a.Service/Method/More"}) {
    EXPECT_EQ(ExitCodeOf(HandlerNameOf(text).status()), ExitCode::kUsage)
        << text;
  }
}

}  // namespace
}  // namespace am::amctl
