// Network: two hosts on a wire of their own, which can be cut one way.
//
//   absl::StatusOr<std::unique_ptr<Network>> network = Network::Make();
//   ... an instance with {.listen = network->Listen(0),
//                         .network = network->Host(0)} ...
//   network->Cut(0);   // what host 0 sends is lost, silently
//   network->Heal(0);
//
// Each host is a network namespace without a name, kept by a process that does
// nothing else, so that all of it vanishes with them. Needs root and ip(8).
// Threads: one.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/examples/child_process.h"

namespace am::fault {

class Network final {
 public:
  // Not OK: this machine does not let us, and why.
  static absl::StatusOr<std::unique_ptr<Network>> Make();

  // For InstanceOptions::network, and where to listen there; `host` is 0 or 1.
  std::string Host(int host) const;
  static std::string Listen(int host);

  // Frames from `host` to the other one go to nobody; or arrive again.
  absl::Status Cut(int host);
  absl::Status Heal(int host);

 private:
  explicit Network(std::vector<examples::ChildProcess> keepers)
      : keepers_(std::move(keepers)) {}

  absl::Status Lay();
  absl::Status Ip(int host, const std::string& arguments);

  std::vector<examples::ChildProcess> keepers_;  // one for each host
};

}  // namespace am::fault
