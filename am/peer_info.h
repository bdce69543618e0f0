// PeerInfo: who an instance is and where it can be reached.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/instance_id.h"
#include "am/transport/address.h"

namespace am {

namespace v1 {
class PeerInfo;
}

// What tells whether two processes share a host, and unix sockets on it: the
// kernel's boot id, and the device and inode of a file. Containers share the
// first but not the second.
struct HostIdentity {
  std::string boot_id;
  std::uint64_t ipc_device = 0;
  std::uint64_t ipc_inode = 0;
  std::uint64_t shm_device = 0;
  std::uint64_t shm_inode = 0;

  // This machine's boot id, and the devices and inodes of these paths unless
  // they are empty. Fields that cannot be read stay empty.
  static HostIdentity Of(const std::string& ipc_path,
                         const std::string& shm_path = "");

  friend bool operator==(const HostIdentity&, const HostIdentity&) = default;
};

struct PeerInfo {
  InstanceId id;
  std::string name;  // for people; need not be unique
  std::vector<transport::Address> addresses;
  HostIdentity host;
  std::string control_address = {};  // of its gRPC server; empty: none known

  // The best address to reach this peer from here: its ipc path if that is, by
  // identity, a socket we see too, else tcp, else whatever there is. With
  // kShared, which is for who can share memory himself, its shm path before
  // all, if that is seen here. NOT_FOUND if there is none.
  enum class Memory : std::uint8_t { kOwn, kShared };
  absl::StatusOr<transport::Address> Choose(Memory memory = Memory::kOwn) const;

  std::string ToString() const;

  friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};

void ToProto(const PeerInfo& info, v1::PeerInfo& proto);

// INVALID_ARGUMENT if an address does not parse or the id is zero.
absl::StatusOr<PeerInfo> FromProto(const v1::PeerInfo& proto);

}  // namespace am
