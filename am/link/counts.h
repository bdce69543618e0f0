// What became of one-way messages, as am.v1.Counts, and as the payload of a
// COUNTS message.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "am/ledger.h"
#include "am/transport/buffer.h"

namespace am {

namespace v1 {
class Counts;
}

void ToProto(const InboundCounts& counts, v1::Counts& proto);
InboundCounts FromProto(const v1::Counts& proto);

transport::Buffer EncodeCounts(std::uint64_t received,
                               const InboundCounts& counts);

// False if it does not parse.
bool DecodeCounts(absl::string_view payload, InboundCounts& counts);

}  // namespace am
