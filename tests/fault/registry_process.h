// The processes of a case that has a registry: the registry, an etcd if it has
// one, and somebody who looks.
//
// gRPC does not survive a fork, so whatever speaks it is a child of its own.
#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"

namespace am::fault {

struct RegistryProcessOptions {
  std::string listen = "127.0.0.1:0";
  std::string etcd = {};  // its address; empty: in memory
};

// Tells "at ADDRESS", and serves until SIGTERM. Returns what main shall return.
int ServeRegistry(const RegistryProcessOptions& options);

// What befalls an etcd on SIGUSR1.
enum class EtcdFault {
  kKilled,
  kWiped,      // and killed
  kCompacted,  // it forgets how it came to be as it is, and is killed
};

// Has an etcd, and tells "at ADDRESS". SIGUSR1: the fault; tells "away".
// SIGUSR2: is well again; tells "back".
int KeepEtcd(EtcdFault fault);

// On SIGUSR1 watches the registry at this address until it has told of that
// many instances, however often it has to begin, and tells "complete".
int LookAtRegistry(const std::string& address, std::size_t instances);

}  // namespace am::fault
