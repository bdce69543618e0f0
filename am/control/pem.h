// Certificates and keys as texts in PEM: whether they are whole.
//
// INVALID_ARGUMENT says what is wrong; no key is ever part of it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace am::control {

// One certificate or more, the first of which belongs to `key`.
absl::Status CheckKeyPair(const std::string& certificates,
                          const std::string& key);

// One certificate or more.
absl::Status CheckAuthorities(const std::string& certificates);

}  // namespace am::control
