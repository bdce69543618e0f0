// The metadata that travels beside calls of ours (am/v1/bridge.proto), and how
// much room there is for it.
#pragma once

#include "am/metadata.h"

namespace am::control {

inline constexpr char kCallHeader[] = "am-call-bin";
inline constexpr char kReplyHeader[] = "am-reply-bin";

// gRPC's own limit is 8 KiB. A user's metadata, or a status with its details,
// may need as much as on the other plane, and half as much again in base64.
inline constexpr int kMaxHeaderBytes = 2 * int{kMaxMetadataBytes};

}  // namespace am::control
