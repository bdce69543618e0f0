// Managers for tests, over ZeroMQ or in process.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "am/manager.h"
#include "am/transport/in_process_transport.h"

namespace am {

enum class Plane { kInProcess, kTcp, kIpc };

// Makes managers that can reach each other by one kind of transport.
class World {
 public:
  explicit World(Plane plane) : plane_(plane) {}

  std::unique_ptr<Manager> MakeManager(ManagerOptions options = {}) {
    if (plane_ == Plane::kInProcess) {
      options.transport = network_.MakeTransport({});
    }
    absl::StatusOr<std::unique_ptr<Manager>> manager =
        Manager::Make(std::move(options));
    EXPECT_TRUE(manager.ok()) << manager.status();
    return *std::move(manager);
  }

  // Connects `from` to `to` and returns the id of `to`.
  InstanceId Connect(Manager& from, Manager& to) {
    PeerInfo info = to.peer_info();
    if (plane_ == Plane::kTcp) {
      std::erase_if(info.addresses, [](const transport::Address& address) {
        return address.scheme() != transport::Scheme::kTcp;
      });
    }
    const absl::StatusOr<PeerInfo> peer = from.client().Connect(info);
    EXPECT_TRUE(peer.ok()) << peer.status();
    return to.instance_id();
  }

 private:
  const Plane plane_;
  transport::InProcessNetwork network_;
};

// Runs a test on each plane.
class PlaneTest : public testing::TestWithParam<Plane> {
 protected:
  World world_{GetParam()};
};

inline std::string PlaneName(const testing::TestParamInfo<Plane>& info) {
  switch (info.param) {
    case Plane::kInProcess:
      return "InProcess";
    case Plane::kTcp:
      return "Tcp";
    case Plane::kIpc:
      return "Ipc";
  }
  return "";
}

#define INSTANTIATE_PLANES(Fixture) \
  INSTANTIATE_TEST_SUITE_P(         \
      Planes, Fixture,              \
      testing::Values(Plane::kInProcess, Plane::kTcp, Plane::kIpc), PlaneName)

}  // namespace am
