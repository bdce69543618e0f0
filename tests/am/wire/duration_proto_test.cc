#include "am/wire/duration_proto.h"

#include <gtest/gtest.h>

namespace am {
namespace {

TEST(DurationProto, IsWhatItWas) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(1500),
        absl::Hours(24), -absl::Milliseconds(2500)}) {
    google::protobuf::Duration proto;
    ToProto(duration, proto);
    EXPECT_EQ(FromProto(proto), duration);
  }
}

TEST(DurationProto, SecondsAndNanosHaveOneSign) {
  google::protobuf::Duration proto;
  ToProto(-absl::Milliseconds(2500), proto);
  EXPECT_EQ(proto.seconds(), -2);
  EXPECT_EQ(proto.nanos(), -500'000'000);
}

}  // namespace
}  // namespace am
