#include "tests/fault/connections.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"

namespace am::fault {
namespace {

// The family of a connected socket; of a unix socket, only if either end has
// a path. AF_UNSPEC for all other descriptors.
sa_family_t FamilyOf(int descriptor) {
  sockaddr_storage peer = {}, self = {};
  socklen_t peer_size = sizeof(peer), self_size = sizeof(self);
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) !=
          0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&self), &self_size) !=
          0) {
    return AF_UNSPEC;
  }
  constexpr auto kNameless = offsetof(sockaddr_un, sun_path);
  if (peer.ss_family == AF_UNIX && peer_size <= kNameless &&
      self_size <= kNameless) {
    return AF_UNSPEC;
  }
  return peer.ss_family;
}

bool Reset(int descriptor) {
  switch (FamilyOf(descriptor)) {
    case AF_UNIX:
      return shutdown(descriptor, SHUT_RDWR) == 0;
    case AF_INET: {
      // Dissolves the connection, of which the peer is told by an RST.
      sockaddr nobody = {};
      nobody.sa_family = AF_UNSPEC;
      return connect(descriptor, &nobody, sizeof(nobody)) == 0;
    }
    default:
      return false;
  }
}

}  // namespace

int ResetConnections() {
  std::vector<int> descriptors;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    int descriptor = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &descriptor)) {
      descriptors.push_back(descriptor);
    }
  }
  return static_cast<int>(absl::c_count_if(descriptors, Reset));
}

}  // namespace am::fault
