#include "am/peer_info.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

using transport::Address;
using transport::Scheme;

constexpr char kBootIdPath[] = "/proc/sys/kernel/random/boot_id";

bool IsSocketSeenHere(const Address& address, const HostIdentity& peer) {
  if (peer.boot_id.empty() || peer.ipc_inode == 0) return false;
  const HostIdentity here = HostIdentity::Of(address.path());
  return here.boot_id == peer.boot_id && here.ipc_device == peer.ipc_device &&
         here.ipc_inode == peer.ipc_inode;
}

// How bad an address is for reaching `peer` from here.
int Rank(const Address& address, const HostIdentity& peer) {
  switch (address.scheme()) {
    case Scheme::kIpc:
      return IsSocketSeenHere(address, peer) ? 0 : 3;
    case Scheme::kTcp:
      return 1;
    case Scheme::kInProcess:
      return 2;
  }
  return 4;
}

}  // namespace

HostIdentity HostIdentity::Of(const std::string& ipc_path) {
  HostIdentity identity;
  std::ifstream boot_id(kBootIdPath);
  std::getline(boot_id, identity.boot_id);
  struct stat file;
  if (!ipc_path.empty() && stat(ipc_path.c_str(), &file) == 0) {
    identity.ipc_device = file.st_dev;
    identity.ipc_inode = file.st_ino;
  }
  return identity;
}

absl::StatusOr<Address> PeerInfo::Choose() const {
  if (addresses.empty()) {
    return absl::NotFoundError(absl::StrCat(ToString(), " has no address"));
  }
  std::vector<std::pair<int, const Address*>> ranked;
  for (const Address& address : addresses) {
    ranked.emplace_back(Rank(address, host), &address);
  }
  return *std::min_element(ranked.begin(), ranked.end())->second;
}

std::string PeerInfo::ToString() const {
  const auto append = [](std::string* out, const Address& address) {
    out->append(address.ToString());
  };
  return absl::StrCat(name, name.empty() ? "" : " ", id.ToString(), " [",
                      absl::StrJoin(addresses, ", ", append), "]");
}

void ToProto(const PeerInfo& info, v1::PeerInfo& proto) {
  proto.Clear();
  proto.set_id(info.id.value());
  proto.set_name(info.name);
  for (const Address& address : info.addresses) {
    proto.add_addresses(address.ToString());
  }
  proto.set_boot_id(info.host.boot_id);
  proto.set_ipc_device(info.host.ipc_device);
  proto.set_ipc_inode(info.host.ipc_inode);
  proto.set_control_address(info.control_address);
}

absl::StatusOr<PeerInfo> FromProto(const v1::PeerInfo& proto) {
  if (proto.id() == 0) {
    return absl::InvalidArgumentError("a peer's instance id cannot be zero");
  }
  PeerInfo info;
  info.id = InstanceId(proto.id());
  info.name = proto.name();
  for (const std::string& text : proto.addresses()) {
    absl::StatusOr<Address> address = Address::Parse(text);
    if (!address.ok()) return std::move(address).status();
    info.addresses.push_back(*std::move(address));
  }
  info.host.boot_id = proto.boot_id();
  info.host.ipc_device = proto.ipc_device();
  info.host.ipc_inode = proto.ipc_inode();
  info.control_address = proto.control_address();
  return info;
}

}  // namespace am
