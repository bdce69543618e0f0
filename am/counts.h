// The payload of a COUNTS message, am.v1.Counts.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "am/ledger.h"
#include "am/transport/buffer.h"

namespace am {

transport::Buffer EncodeCounts(std::uint64_t received,
                               const InboundCounts& counts);

// False if it does not parse.
bool DecodeCounts(absl::string_view payload, InboundCounts& counts);

}  // namespace am
