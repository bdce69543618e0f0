#include "am/handler_id.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace am {

std::string FullHandlerName(absl::string_view name) {
  if (absl::StrContains(name, '/')) return std::string(name);
  return absl::StrCat(kBareService, "/", name);
}

}  // namespace am
