#include "am/control/listen_address.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "am/peer_info.h"

namespace am::control {

absl::Status CheckListen(const std::string& listen, bool is_allowed,
                         absl::string_view option) {
  const absl::StatusOr<transport::Address> address =
      transport::Address::Parse(absl::StrCat("tcp://", listen));
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", listen, "\" is not \"host:port\""));
  }
  if (address->IsLocal() || is_allowed) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      listen, " can be reached from other machines, by everybody and in the ",
      "clear; ", option, " allows it"));
}

std::string WithPort(const std::string& listen, int port) {
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
}

}  // namespace am::control
