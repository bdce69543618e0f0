// Handler ids: what a message carries in place of a handler's name.
//
// The id is the 64-bit FNV-1a hash (Fowler, Noll, Vo; offset basis
// 0xcbf29ce484222325, prime 0x100000001b3) of the handler's full name,
// "package.Service/Method". It is computed at compile time for methods of a
// .proto. Two names with one id are refused when the second one registers.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace am {

// The id of a name that is not one.
inline constexpr std::uint64_t kNoHandler = 0;

// The service under which handlers with a bare name appear.
inline constexpr absl::string_view kBareService = "am.v1.Handlers";

constexpr std::uint64_t HandlerId(absl::string_view full_name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : full_name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

// Whether it is the full name of a handler: something, a slash, and a letter
// followed by letters, digits and underscores.
bool IsHandlerName(absl::string_view full_name);

// "compute" becomes "am.v1.Handlers/compute"; a name with a slash stays.
std::string FullHandlerName(absl::string_view name);

}  // namespace am
