// Instances of ours, as contestants have them.
//
// Options are the defaults, but that an instance listens on addresses of the
// setting's kind alone: otherwise peers of one host would always use ipc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/manager.h"
#include "bench/contestant.h"

namespace am::bench {

// Schemes of ours alone: memory that is shared, and the same with a receiver
// that never looks before it sleeps.
inline constexpr char kShared[] = "shm";
inline constexpr char kSharedParked[] = "shm_parked";

// The setting with another scheme, unless that is empty.
inline Setting WithScheme(Setting setting, const std::string& scheme) {
  if (!scheme.empty()) setting.scheme = scheme;
  return setting;
}

// Over ZeroMQ, or another transport of the same addresses.
absl::StatusOr<std::unique_ptr<Manager>> MakeAmInstance(const Setting& setting);
absl::StatusOr<std::unique_ptr<Manager>> MakeAmInstance(
    const Setting& setting, std::shared_ptr<transport::Transport> transport);

// So many instances in one process, each of which serves what
// pinger_service.h does, and "check", which is OK if the bytes are intact.
absl::StatusOr<std::unique_ptr<Server>> MakeAmServer(const Setting& setting,
                                                     int instances = 1);

// An instance that is connected to all of a server's.
struct AmLinks {
  std::unique_ptr<Manager> manager;
  std::vector<Target> targets;
};
absl::StatusOr<AmLinks> ConnectAm(const Setting& setting,
                                  const std::string& address);

}  // namespace am::bench
