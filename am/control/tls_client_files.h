// TlsClientFiles: whom a gRPC client trusts, and who it is. Paths of files in
// PEM.
#pragma once

#include <string>

namespace am::control {

// Every member has an initialiser, so that {.ca = "x"} warns of nothing.
struct TlsClientFiles {
  std::string ca = {};  // who signs servers; empty: no TLS

  // Shown to servers that ask who calls; both or none.
  std::string certificate = {};
  std::string key = {};

  // What the server's certificate must name; empty: the host that is called.
  std::string server_name = {};
};

}  // namespace am::control
