// Payloads of control messages from outside: what parses as a PeerInfo prints,
// chooses an address and travels on unchanged.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "am/peer_info.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void Check(const v1::PeerInfo& proto) {
  const absl::StatusOr<PeerInfo> info = FromProto(proto);
  if (!info.ok()) return;
  Require(!info->id.is_nobody());
  Require(!info->ToString().empty());
  Require(info->Choose().ok() == !info->addresses.empty());
  v1::PeerInfo again;
  ToProto(*info, again);
  const absl::StatusOr<PeerInfo> twice = FromProto(again);
  Require(twice.ok() && twice->addresses == info->addresses);
}

}  // namespace
}  // namespace am

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size > std::numeric_limits<int>::max()) return 0;
  const int length = static_cast<int>(size);
  am::v1::Hello hello;
  if (hello.ParseFromArray(data, length)) am::Check(hello.peer());
  am::v1::HelloAck ack;
  if (ack.ParseFromArray(data, length)) am::Check(ack.peer());
  return 0;
}
