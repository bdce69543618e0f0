// Place: a place in a cohort, as a worker has it from its joining on. It goes
// along with each message of an operation, so that a worker runs none that was
// meant for a place that it had before.
//
// As metadata: "cohort-place", "<cohort's id>.<joined epoch>", in decimals.
// A value.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "am/metadata.h"

namespace am::cohort {

struct Place {
  std::uint64_t cohort_id = 0;     // 0: of no cohort
  std::uint64_t joined_epoch = 0;  // there are no two with the same

  bool operator==(const Place&) const = default;
};

Metadata ToMetadata(const Place& place);

// By the metadata of a message, as on the wire. None: it is of no operation.
// What does not parse is of no cohort.
std::optional<Place> FindPlace(absl::string_view metadata);

}  // namespace am::cohort
