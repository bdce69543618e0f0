#include "am/control/etcd/etcd_options.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/control/listen_address.h"

namespace am::control {

absl::StatusOr<EtcdOptions> ParseEtcdUrl(const std::string& url) {
  absl::string_view rest = url;
  EtcdOptions options;
  const bool is_etcd = absl::ConsumePrefix(&rest, "etcd://");
  const std::size_t slash = rest.find('/');
  options.address = std::string(rest.substr(0, slash));
  if (slash != absl::string_view::npos && slash + 1 < rest.size()) {
    options.prefix = std::string(rest.substr(slash + 1));
    if (!absl::EndsWith(options.prefix, "/")) options.prefix += "/";
  }
  if (is_etcd && CheckAdvertised(options.address).ok()) return options;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", url, "\" is neither \"etcd://host:port\" nor with \"/prefix\""));
}

}  // namespace am::control
