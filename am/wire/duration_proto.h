// Durations as google.protobuf.Duration. Pure functions.
#pragma once

#include <google/protobuf/duration.pb.h>

#include "absl/time/time.h"

namespace am {

// REQUIRES: finite.
void ToProto(absl::Duration duration, google::protobuf::Duration& proto);
absl::Duration FromProto(const google::protobuf::Duration& proto);

}  // namespace am
