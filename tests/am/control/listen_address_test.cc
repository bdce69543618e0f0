#include "am/control/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace am::control {
namespace {

using ::testing::HasSubstr;

absl::Status Check(const std::string& listen, bool is_allowed = false) {
  return CheckListen(listen, is_allowed, "the_option");
}

TEST(ListenAddress, LoopbackIsTaken) {
  for (const char* listen :
       {"127.0.0.1:0", "127.9.9.9:80", "localhost:1", "[::1]:50051"}) {
    EXPECT_TRUE(Check(listen).ok()) << listen << ": " << Check(listen);
  }
}

TEST(ListenAddress, OthersAreRefusedAndTheOptionIsNamed) {
  for (const char* listen :
       {"0.0.0.0:0", "192.0.2.1:80", "[::]:1", "127.example.com:1"}) {
    const absl::Status status = Check(listen);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << listen;
    EXPECT_THAT(std::string(status.message()), HasSubstr("the_option"));
    EXPECT_TRUE(Check(listen, /*is_allowed=*/true).ok()) << listen;
  }
}

TEST(ListenAddress, WhatIsNotOneIsRefusedWhateverIsAllowed) {
  for (const char* listen : {"", "host", ":80", "host:", "host:99999"}) {
    EXPECT_EQ(Check(listen, true).code(), absl::StatusCode::kInvalidArgument)
        << listen;
  }
}

TEST(ListenAddress, TheRealPortReplacesTheAskedOne) {
  EXPECT_EQ(WithPort("127.0.0.1:0", 4711), "127.0.0.1:4711");
  EXPECT_EQ(WithPort("[::1]:0", 4711), "[::1]:4711");
}

TEST(ListenAddress, WhatIsAdvertisedMustLeadSomewhere) {
  EXPECT_TRUE(CheckAdvertised("host.example.com:80").ok());
  for (const char* address : {"", "host", "0.0.0.0:80", "[::]:80", "host:0"}) {
    EXPECT_EQ(CheckAdvertised(address).code(),
              absl::StatusCode::kInvalidArgument)
        << address;
  }
}

TEST(ListenAddress, EveryInterfaceIsAWildcard) {
  EXPECT_TRUE(IsWildcard("0.0.0.0:80"));
  EXPECT_FALSE(IsWildcard("127.0.0.1:80"));
}

}  // namespace
}  // namespace am::control
