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

struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

FileIdentity IdentityOf(const std::string& path) {
  struct stat file;
  if (path.empty() || stat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino};
}

bool IsSeenHere(const Address& address, const std::string& boot_id,
                const FileIdentity& file) {
  if (boot_id.empty() || file.inode == 0) return false;
  const FileIdentity here = IdentityOf(address.path());
  return here.device == file.device && here.inode == file.inode &&
         HostIdentity::Of("").boot_id == boot_id;
}

// How bad an address is for reaching `peer` from here.
int Rank(const Address& address, const HostIdentity& peer,
         PeerInfo::Memory memory) {
  switch (address.scheme()) {
    case Scheme::kShm:
      return memory == PeerInfo::Memory::kShared &&
                     IsSeenHere(address, peer.boot_id,
                                {peer.shm_device, peer.shm_inode})
                 ? 0
                 : 5;
    case Scheme::kIpc:
      return IsSeenHere(address, peer.boot_id,
                        {peer.ipc_device, peer.ipc_inode})
                 ? 1
                 : 4;
    case Scheme::kTcp:
      return 2;
    case Scheme::kInProcess:
      return 3;
  }
  return 5;
}

}  // namespace

HostIdentity HostIdentity::Of(const std::string& ipc_path,
                              const std::string& shm_path) {
  HostIdentity identity;
  std::ifstream boot_id(kBootIdPath);
  std::getline(boot_id, identity.boot_id);
  const FileIdentity ipc = IdentityOf(ipc_path);
  const FileIdentity shm = IdentityOf(shm_path);
  identity.ipc_device = ipc.device;
  identity.ipc_inode = ipc.inode;
  identity.shm_device = shm.device;
  identity.shm_inode = shm.inode;
  return identity;
}

absl::StatusOr<Address> PeerInfo::Choose(Memory memory) const {
  if (addresses.empty()) {
    return absl::NotFoundError(absl::StrCat(ToString(), " has no address"));
  }
  std::vector<std::pair<int, const Address*>> ranked;
  for (const Address& address : addresses) {
    ranked.emplace_back(Rank(address, host, memory), &address);
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
  proto.set_shm_device(info.host.shm_device);
  proto.set_shm_inode(info.host.shm_inode);
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
    if (!Address::HasKnownScheme(text)) continue;  // Of a later version.
    absl::StatusOr<Address> address = Address::Parse(text);
    if (!address.ok()) return std::move(address).status();
    info.addresses.push_back(*std::move(address));
  }
  info.host.boot_id = proto.boot_id();
  info.host.ipc_device = proto.ipc_device();
  info.host.ipc_inode = proto.ipc_inode();
  info.host.shm_device = proto.shm_device();
  info.host.shm_inode = proto.shm_inode();
  info.control_address = proto.control_address();
  return info;
}

}  // namespace am
