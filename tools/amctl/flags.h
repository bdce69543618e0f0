// What amctl is told of where to look, for every command.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "am/control/tls_client_files.h"

namespace am::amctl {

struct Flags {
  // At most one of them is used; `node` comes first.
  std::string node;      // "host:port" of a control server, or a data address
  std::string registry;  // "host:port"

  absl::Duration timeout = absl::Seconds(10);  // of each wait
  bool json = false;
  control::TlsClientFiles tls;

  // Where peers on other machines reach this one back; empty: they are here.
  std::string insecure_listen;
};

}  // namespace am::amctl
