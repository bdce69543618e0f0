// Address: where a transport can be reached.
//
//   tcp://127.0.0.1:5555    tcp://[::1]:5555    a host or its number; port 0
//                                               asks the system for a free one
//   ipc:///run/am/a.sock                        a unix socket, absolute path;
//                                               none asks for a private one
//   shm:///run/am/a.ring                        the same, over which memory is
//                                               shared
//   inproc://alice                              a name within one
//                                               InProcessNetwork; none asks
//                                               for a free one
//
// A value: copies, compares and prints. Parsing checks the form, not whether
// anybody listens there.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace am::transport {

enum class Scheme { kTcp, kIpc, kShm, kInProcess };

class Address {
 public:
  // INVALID_ARGUMENT says which part of `text` is wrong and what is expected.
  static absl::StatusOr<Address> Parse(absl::string_view text);

  // Whether it begins as one of the above does. Others may come to be.
  static bool HasKnownScheme(absl::string_view text);

  // Of parts already checked; an IPv6 number comes without brackets.
  static Address Tcp(absl::string_view host, int port);
  static Address Ipc(absl::string_view path);
  static Address Shm(absl::string_view path);
  static Address InProcess(absl::string_view name);

  Scheme scheme() const { return scheme_; }

  // The host of tcp (without the brackets of an IPv6 number), the path of ipc
  // and shm, the name of inproc.
  const std::string& host() const { return host_; }
  const std::string& path() const { return host_; }
  const std::string& name() const { return host_; }

  // The port of tcp, otherwise 0.
  int port() const { return port_; }

  // Whether only this machine can reach it: ipc, shm, inproc, and tcp to
  // 127.0.0.0/8, ::1 or "localhost".
  bool IsLocal() const;

  // Whether it names every interface (0.0.0.0, [::], *): good to listen on,
  // never to be advertised.
  bool IsWildcard() const;

  std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;
  // NOLINTNEXTLINE(modernize-use-nullptr): taken for a comparison with 0.
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  Address(Scheme scheme, std::string host, int port);

  Scheme scheme_;
  std::string host_;
  int port_;
};

}  // namespace am::transport
