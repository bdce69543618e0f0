#include "am/peer_info.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "am/v1/wire.pb.h"
#include "gtest/gtest.h"

namespace am {
namespace {

using transport::Address;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const Address kTcp = Address::Tcp("10.0.0.7", 5555);

// A file that stands for the socket of an ipc address.
class SocketFile {
 public:
  SocketFile() : path_(testing::TempDir() + "/s") { std::ofstream file(path_); }
  ~SocketFile() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

PeerInfo Peer(std::vector<Address> addresses, HostIdentity host = {}) {
  return {InstanceId(7), "worker", std::move(addresses), std::move(host)};
}

TEST(HostIdentity, KnowsThisMachineAndAFile) {
  const SocketFile file;
  const HostIdentity identity = HostIdentity::Of(file.path());
  EXPECT_EQ(identity.boot_id.size(), 36u);
  EXPECT_NE(identity.ipc_inode, 0u);
}

TEST(HostIdentity, OfNoFileHasNoInode) {
  for (const char* path : {"", "/no/such/file"}) {
    const HostIdentity identity = HostIdentity::Of(path);
    EXPECT_FALSE(identity.boot_id.empty());
    EXPECT_EQ(identity.ipc_device, 0u);
    EXPECT_EQ(identity.ipc_inode, 0u);
  }
}

TEST(PeerInfo, IsReachedByIpcIfItsSocketIsSeenHere) {
  const SocketFile file;
  const Address ipc = Address::Ipc(file.path());
  EXPECT_EQ(*Peer({kTcp, ipc}, HostIdentity::Of(file.path())).Choose(), ipc);
}

TEST(PeerInfo, IsReachedByTcpIfThePathIsAnothersHere) {
  const SocketFile file;
  const Address ipc = Address::Ipc(file.path());
  const HostIdentity same = HostIdentity::Of(file.path());

  HostIdentity other_host = same;
  other_host.boot_id = "other";
  EXPECT_EQ(*Peer({ipc, kTcp}, other_host).Choose(), kTcp);

  HostIdentity other_device = same;
  ++other_device.ipc_device;
  EXPECT_EQ(*Peer({ipc, kTcp}, other_device).Choose(), kTcp);

  HostIdentity other_inode = same;
  ++other_inode.ipc_inode;
  EXPECT_EQ(*Peer({ipc, kTcp}, other_inode).Choose(), kTcp);

  EXPECT_EQ(*Peer({ipc, kTcp}).Choose(), kTcp);
}

TEST(PeerInfo, IsReachedByItsFirstAddressOfAKind) {
  const Address other = Address::Tcp("10.0.0.8", 5555);
  EXPECT_EQ(*Peer({other, kTcp}).Choose(), other);
  EXPECT_EQ(*Peer({kTcp, other}).Choose(), kTcp);
}

TEST(PeerInfo, IsReachedByWhateverThereIs) {
  const Address inproc = Address::InProcess("alice");
  EXPECT_EQ(*Peer({inproc}).Choose(), inproc);
  const Address ipc = Address::Ipc("/no/such/file");
  EXPECT_EQ(*Peer({ipc}).Choose(), ipc);
}

TEST(PeerInfo, WithoutAddressesIsNotFound) {
  EXPECT_EQ(Peer({}).Choose().status().code(), absl::StatusCode::kNotFound);
}

TEST(PeerInfo, Prints) {
  PeerInfo peer = Peer({kTcp, Address::InProcess("alice")});
  EXPECT_EQ(peer.ToString(),
            "worker 0000000000000007 [tcp://10.0.0.7:5555, inproc://alice]");
  peer.name.clear();
  peer.addresses.clear();
  EXPECT_EQ(peer.ToString(), "0000000000000007 []");
}

TEST(PeerInfo, TravelsAsAProto) {
  const PeerInfo peer = Peer({kTcp, Address::Ipc("/a")}, {"boot", 1, 2});
  v1::PeerInfo proto;
  ToProto(peer, proto);
  const absl::StatusOr<PeerInfo> received = FromProto(proto);
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->id, peer.id);
  EXPECT_EQ(received->name, peer.name);
  EXPECT_EQ(received->addresses, peer.addresses);
  EXPECT_EQ(received->host.boot_id, "boot");
  EXPECT_EQ(received->host.ipc_device, 1u);
  EXPECT_EQ(received->host.ipc_inode, 2u);
}

TEST(PeerInfo, IsRefusedWithoutAnId) {
  v1::PeerInfo proto;
  EXPECT_EQ(FromProto(proto).status().code(), kInvalid);
}

TEST(PeerInfo, IsRefusedWithABadAddress) {
  v1::PeerInfo proto;
  proto.set_id(7);
  proto.add_addresses("tcp://10.0.0.7:5555");
  proto.add_addresses("tcp://nonsense");
  EXPECT_EQ(FromProto(proto).status().code(), kInvalid);
}

TEST(PeerInfo, AddressesOfLaterVersionsAreNotForUs) {
  v1::PeerInfo proto;
  proto.set_id(7);
  proto.add_addresses("pigeon://loft");
  proto.add_addresses("tcp://10.0.0.7:5555");
  const absl::StatusOr<PeerInfo> info = FromProto(proto);
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_EQ(info->addresses.size(), 1u);
  EXPECT_EQ(info->addresses[0].ToString(), "tcp://10.0.0.7:5555");
}

TEST(PeerInfo, SharedMemoryIsForWhoHasItAndSeesTheSocket) {
  const SocketFile file;
  const Address shm = Address::Shm(file.path());
  const PeerInfo peer = Peer({kTcp, shm}, HostIdentity::Of("", file.path()));
  EXPECT_EQ(*peer.Choose(PeerInfo::Memory::kShared), shm);
  EXPECT_EQ(*peer.Choose(), kTcp);
  PeerInfo elsewhere = peer;
  ++elsewhere.host.shm_inode;
  EXPECT_EQ(*elsewhere.Choose(PeerInfo::Memory::kShared), kTcp);
}

}  // namespace
}  // namespace am
