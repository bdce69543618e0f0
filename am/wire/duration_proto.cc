#include "am/wire/duration_proto.h"

#include <cstdint>

namespace am {

void ToProto(absl::Duration duration, google::protobuf::Duration& proto) {
  proto.set_seconds(absl::ToInt64Seconds(duration));
  proto.set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(duration % absl::Seconds(1))));
}

absl::Duration FromProto(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace am
