// NearNames: what somebody may have meant.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace am::amctl {

// Those of `names` that are a few letters away from `word`, or have it within,
// the nearest first; three at the most. Case is nothing.
std::vector<std::string> NearNames(absl::string_view word,
                                   const std::vector<std::string>& names);

// "; did you mean a, b?", or nothing.
std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& names);

}  // namespace am::amctl
