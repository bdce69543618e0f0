#include "am/link/counts.h"

#include "am/v1/wire.pb.h"

namespace am {

void ToProto(const InboundCounts& counts, v1::Counts& proto) {
  proto.set_delivered(counts.delivered);
  proto.set_expired(counts.expired);
  proto.set_rejected(counts.rejected);
  proto.set_overloaded(counts.overloaded);
  proto.set_draining(counts.draining);
}

InboundCounts FromProto(const v1::Counts& proto) {
  InboundCounts counts;
  counts.delivered = proto.delivered();
  counts.expired = proto.expired();
  counts.rejected = proto.rejected();
  counts.overloaded = proto.overloaded();
  counts.draining = proto.draining();
  return counts;
}

transport::Buffer EncodeCounts(std::uint64_t received,
                               const InboundCounts& counts) {
  v1::Counts proto;
  proto.set_received(received);
  ToProto(counts, proto);
  return transport::Buffer(proto.SerializeAsString());
}

bool DecodeCounts(absl::string_view payload, InboundCounts& counts) {
  v1::Counts proto;
  if (!proto.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return false;
  }
  counts = FromProto(proto);
  return true;
}

}  // namespace am
