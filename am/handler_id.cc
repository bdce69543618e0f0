#include "am/handler_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace am {

std::string FullHandlerName(absl::string_view name) {
  if (absl::StrContains(name, '/')) return std::string(name);
  return absl::StrCat(kBareService, "/", name);
}

bool IsHandlerName(absl::string_view full_name) {
  const auto slash = full_name.find('/');
  if (slash == 0 || slash == absl::string_view::npos) return false;
  const absl::string_view method = full_name.substr(slash + 1);
  return !method.empty() &&
         absl::ascii_isalpha(static_cast<unsigned char>(method.front())) &&
         std::all_of(method.begin(), method.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '_';
         });
}

}  // namespace am
