// EtcdProcess: an etcd of one's own, with its data in a temporary folder, for
// as long as the object lives.
//
// It dies with the thread that made it. Threads: one at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace am::control::examples {

class EtcdProcess {
 public:
  // Whether etcd can be found (Debian's package etcd-server has it).
  static bool IsInstalled();

  // Files in PEM: who it is, and who may sign its clients, which must show a
  // certificate then. All or none.
  struct Tls {
    std::string certificate = {};
    std::string key = {};
    std::string client_ca = {};
  };

  // Starts on a free port of loopback and waits until it serves. UNAVAILABLE:
  // it does not.
  static absl::StatusOr<std::unique_ptr<EtcdProcess>> Start(const Tls& tls);
  static absl::StatusOr<std::unique_ptr<EtcdProcess>> Start() {
    return Start(Tls());
  }

  // Kills it, and removes its data.
  virtual ~EtcdProcess() = default;

  // "127.0.0.1:40123"; the same after each restart.
  virtual const std::string& address() const = 0;

  // As kill -9 does.
  virtual void Kill() = 0;

  // REQUIRES: it was killed.
  virtual void Wipe() = 0;
  virtual absl::Status Restart() = 0;
};

}  // namespace am::control::examples
