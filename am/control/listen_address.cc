#include "am/control/listen_address.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "am/peer_info.h"

namespace am::control {
namespace {

absl::StatusOr<transport::Address> Parse(const std::string& text) {
  absl::StatusOr<transport::Address> address =
      transport::Address::Parse(absl::StrCat("tcp://", text));
  if (address.ok()) return address;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not \"host:port\""));
}

}  // namespace

absl::Status CheckListen(const std::string& listen, bool is_allowed,
                         absl::string_view option) {
  const absl::StatusOr<transport::Address> address = Parse(listen);
  if (!address.ok()) return address.status();
  if (address->IsLocal() || is_allowed) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      listen, " can be reached from other machines, by everybody and in the ",
      "clear; ", option, " allows it"));
}

absl::Status CheckAdvertised(const std::string& address) {
  const absl::StatusOr<transport::Address> parsed = Parse(address);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->IsWildcard() && parsed->port() != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("nobody could connect to ", address));
}

bool IsWildcard(const std::string& listen) {
  const absl::StatusOr<transport::Address> address = Parse(listen);
  return address.ok() && address->IsWildcard();
}

std::string WithPort(const std::string& listen, int port) {
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
}

}  // namespace am::control
