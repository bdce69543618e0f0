// Crc32c: the checksum of a frame's header.
//
// CRC-32C (Castagnoli), as iSCSI has it (RFC 3720, appendix B.4). It guards
// against bytes that went astray, not against somebody who means harm.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace am {

// The checksum of the bytes that `before` stands for, followed by `bytes`.
std::uint32_t Crc32c(absl::string_view bytes, std::uint32_t before = 0);

// The same without the processor's own instruction.
std::uint32_t PortableCrc32c(absl::string_view bytes, std::uint32_t before = 0);

}  // namespace am
