// Metadata: short texts that travel beside a message's payload.
//
// Keys are lower case; those that begin with "am-" are the framework's. An
// ordered list, as in HTTP: a key may occur more than once.
//
// On the wire (am/WIRE.md) each entry is the length of its key (u16) and of its
// value (u32), little-endian, followed by the two.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace am {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// All the entries of a message together, as on the wire.
inline constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 10;

// A user's metadata as it travels. INVALID_ARGUMENT: a key that is empty, has
// other characters than a-z, 0-9, '-', '_' and '.', or begins with "am-"; or
// more than kMaxMetadataBytes in all.
absl::StatusOr<std::string> EncodeMetadata(const Metadata& metadata);

// Whether `bytes` are entries, and no more than kMaxMetadataBytes.
bool IsMetadata(absl::string_view bytes);

// INVALID_ARGUMENT unless IsMetadata(bytes).
absl::StatusOr<Metadata> DecodeMetadata(absl::string_view bytes);

// The framework's own entries, one at a time.
//
// Appends an entry if `bytes` then is not above kMaxMetadataBytes; says whether
// it did.
bool AppendMetadata(absl::string_view key, absl::string_view value,
                    std::string& bytes);

// Takes the first entry off `bytes`. False, and nothing taken, if they do not
// begin with one.
bool TakeMetadata(absl::string_view& bytes, absl::string_view& key,
                  absl::string_view& value);

}  // namespace am
