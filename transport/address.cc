#include "am/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace am::transport {
namespace {

// A unix socket's path ends with a zero byte within sun_path.
constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;

absl::Status Wrong(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("address \"", absl::CHexEscape(text), "\": ", what));
}

bool IsIpv6Number(absl::string_view host) {
  in6_addr ignored;
  const std::string number(host.substr(0, host.find('%')));
  return inet_pton(AF_INET6, number.c_str(), &ignored) == 1;
}

bool IsHostName(absl::string_view host) {
  for (char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' &&
        c != '-' && c != '_') {
      return false;
    }
  }
  return !host.empty();
}

absl::StatusOr<int> ParsePort(absl::string_view text, absl::string_view port) {
  int number = 0;
  const bool digits =
      !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  if (!digits || !absl::SimpleAtoi(port, &number) || number > 65535) {
    return Wrong(text, "expected a port from 0 to 65535 after the last colon");
  }
  return number;
}

absl::StatusOr<Address> ParseTcp(absl::string_view text,
                                 absl::string_view rest) {
  const std::size_t colon = rest.rfind(':');
  if (colon == rest.npos) return Wrong(text, "expected tcp://host:port");
  const absl::StatusOr<int> port = ParsePort(text, rest.substr(colon + 1));
  if (!port.ok()) return port.status();

  absl::string_view host = rest.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || !IsIpv6Number(host)) {
      return Wrong(text, "expected an IPv6 number between [ and ]");
    }
  } else if (host != "*" && !IsHostName(host)) {
    return Wrong(text, "expected a host name, an IPv4 number, [IPv6] or *");
  }
  return Address::Tcp(host, *port);
}

// Of ipc and shm.
absl::StatusOr<Address> ParsePath(absl::string_view text,
                                  absl::string_view path,
                                  Address (*make)(absl::string_view)) {
  if (!path.empty() && path.front() != '/') {
    return Wrong(text, "expected an absolute path after ://");
  }
  if (path.size() > kMaxPathBytes) {
    return Wrong(
        text, absl::StrCat("a unix socket's path has at most ", kMaxPathBytes,
                           " bytes, this one has ", path.size()));
  }
  if (path.find('\0') != path.npos) return Wrong(text, "a zero byte in a path");
  return make(path);
}

bool IsLoopback(const std::string& host) {
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24 == 127;
  }
  in6_addr v6;
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return host == "localhost";
  const std::uint8_t* bytes = v6.s6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) ||
         (IN6_IS_ADDR_V4MAPPED(&v6) && bytes[12] == 127);
}

}  // namespace

Address::Address(Scheme scheme, std::string host, int port)
    : scheme_(scheme), host_(std::move(host)), port_(port) {}

absl::StatusOr<Address> Address::Parse(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "tcp://")) return ParseTcp(text, rest);
  if (absl::ConsumePrefix(&rest, "ipc://")) {
    return ParsePath(text, rest, &Address::Ipc);
  }
  if (absl::ConsumePrefix(&rest, "shm://")) {
    return ParsePath(text, rest, &Address::Shm);
  }
  if (absl::ConsumePrefix(&rest, "inproc://")) return InProcess(rest);
  return Wrong(text, "expected tcp://, ipc://, shm:// or inproc://");
}

bool Address::HasKnownScheme(absl::string_view text) {
  for (const absl::string_view scheme :
       {"tcp://", "ipc://", "shm://", "inproc://"}) {
    if (absl::StartsWith(text, scheme)) return true;
  }
  return false;
}

Address Address::Tcp(absl::string_view host, int port) {
  return Address(Scheme::kTcp, std::string(host), port);
}

Address Address::Ipc(absl::string_view path) {
  return Address(Scheme::kIpc, std::string(path), 0);
}

Address Address::Shm(absl::string_view path) {
  return Address(Scheme::kShm, std::string(path), 0);
}

Address Address::InProcess(absl::string_view name) {
  return Address(Scheme::kInProcess, std::string(name), 0);
}

bool Address::IsLocal() const {
  return scheme_ != Scheme::kTcp || IsLoopback(host_);
}

bool Address::IsWildcard() const {
  if (scheme_ != Scheme::kTcp) return false;
  if (host_ == "*" || host_ == "0.0.0.0") return true;
  in6_addr v6;
  return inet_pton(AF_INET6, host_.c_str(), &v6) == 1 &&
         IN6_IS_ADDR_UNSPECIFIED(&v6);
}

std::string Address::ToString() const {
  switch (scheme_) {
    case Scheme::kTcp:
      return absl::StrContains(host_, ':')
                 ? absl::StrCat("tcp://[", host_, "]:", port_)
                 : absl::StrCat("tcp://", host_, ":", port_);
    case Scheme::kIpc:
      return absl::StrCat("ipc://", host_);
    case Scheme::kShm:
      return absl::StrCat("shm://", host_);
    case Scheme::kInProcess:
      return absl::StrCat("inproc://", host_);
  }
  return "";
}

}  // namespace am::transport
