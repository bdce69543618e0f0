// DataPlane: an instance of our own that is connected to another one, for
// `--plane zmq`.
//
// One thread. What blocks does so for Flags::timeout at the most.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/manager.h"
#include "am/v1/node.pb.h"
#include "tools/amctl/flags.h"

namespace am::amctl {

class DataPlane {
 public:
  // kNotReached: the peer, or the way back from it.
  static absl::StatusOr<std::unique_ptr<DataPlane>> Connect(
      const Flags& flags, const v1::PeerInfo& peer);

  Client& client() { return manager_->client(); }
  const PeerInfo& peer() const { return peer_; }

  // What the peer has registered.
  absl::StatusOr<v1::ListHandlersResponse> Handlers();

  // The contract of one handler, a full name. kNotFound: who is near.
  absl::StatusOr<v1::HandlerInfo> FindHandler(const std::string& full_name);

  absl::Status HealthCheck(absl::Duration timeout);

 private:
  DataPlane(std::unique_ptr<Manager> manager, PeerInfo peer,
            absl::Duration timeout)
      : manager_(std::move(manager)),
        peer_(std::move(peer)),
        timeout_(timeout) {}

  const std::unique_ptr<Manager> manager_;
  const PeerInfo peer_;
  const absl::Duration timeout_;
};

}  // namespace am::amctl
