// The cases: real processes, real faults, one row each.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fault/registry_process.h"
#include "tests/fault/row.h"

namespace am::fault {

// "tcp", "ipc" or "shm"; "both" is tcp and, once connected, shm.
using Scheme = std::string;

// How much of it; tests take less.
struct Amount {
  // By which a peer must be noticed that neither answers nor closes.
  absl::Duration NoticeBound() const {
    return heartbeat_interval + heartbeat_timeout + absl::Milliseconds(100);
  }

  int faults = 20;
  std::uint64_t messages_between = 50'000;  // of two faults
  std::size_t payload_bytes = 8;

  // Where a peer goes silent: how often the caller sends to each server, and
  // how it watches them.
  double per_second = 20'000;
  absl::Duration heartbeat_interval = absl::Milliseconds(300);
  absl::Duration heartbeat_timeout = absl::Milliseconds(600);
};

// "kill_receiver", "shm" and kLarge: "kill_receiver_shm_large".
inline std::string NameOf(const std::string& what, const Scheme& scheme,
                          const Amount& amount) {
  return what + "_" + scheme + (amount.payload_bytes > 8 ? "_large" : "");
}

// No faults at all: every message is delivered.
Row Steady(const Scheme& scheme, std::uint64_t messages = 1'000'000);

// Kill -9 of the server amid traffic; another one begins at its address.
Row KillReceiver(const Scheme& scheme, const Amount& amount = {});

// Kill -9 of the caller amid traffic; another one begins at its address.
Row KillSender(const Scheme& scheme, const Amount& amount = {});

// For faults that are noticed by silence.
inline constexpr Amount kSilences = {.faults = 10, .messages_between = 10'000};

// More than a ring of shared memory holds: whoever is killed or stopped is in
// the midst of writing or reading a message.
inline constexpr Amount kLarge = {.messages_between = 200,
                                  .payload_bytes = std::size_t{1} << 20};
inline constexpr Amount kLargeSilences = {.faults = 10,
                                          .messages_between = 100,
                                          .payload_bytes = std::size_t{1} << 20,
                                          .per_second = 200};

// SIGSTOP of one of two servers, until it is given up, and SIGCONT.
Row StopReceiver(const Scheme& scheme, const Amount& amount = kSilences);

// SIGSTOP of one of two callers, until the server has given it up, and SIGCONT.
Row StopSender(const Scheme& scheme, const Amount& amount = kSilences);

// All connections of the server are reset, amid traffic.
Row Reset(const Scheme& scheme, const Amount& amount = {});

// Nothing gets through the network from the caller to the server, or back, or
// both, until the peer is given up; then all does again.
enum class Cut { kBothWays, kToServer, kToCaller };
Row Partition(Cut cut, const Amount& amount = kSilences);

// One of eight servers is slow, or its process stands still; messages that
// find no room are refused.
enum class Slow { kHandlers, kProcess };
inline constexpr Amount kEightFlows = {
    .faults = 10, .messages_between = 5'000, .per_second = 5'000};
Row SlowConsumer(Slow slow, const Scheme& scheme,
                 const Amount& amount = kEightFlows);

// The server runs out of descriptors, as another caller comes; then it has
// some again. Over tcp only: libzmq 4.3.4 aborts the process that accepts a
// unix socket without a descriptor for it (errno_assert in ipc_listener.cpp).
Row Descriptors(const Amount& amount = {.faults = 5});

// Instances that connect over tcp and then share memory, of which one has few
// descriptors left, from none to `most_left`: it comes to that step or this.
Row UpgradeCut(int most_left = 20);

// A caller fills the memory that it shares with a server with random bytes,
// while it is in use. Another caller is judged: it must not notice.
Row Scribble(const Amount& amount = {.messages_between = 5'000});

// So many servers at a time, of which some are killed.
Row ManyPeers(const Scheme& scheme, int peers = 256,
              const Amount& amount = {.messages_between = 50,
                                      .per_second = 10});

// The date of both processes jumps, amid traffic.
Row ClockSteps(const Scheme& scheme, const Amount& amount = {});

// Ten times as many calls that block as the server has threads for, while it
// is asked for its health.
Row Overload(const Scheme& scheme, int threads = 64);

// How long a registry is away, from whom instances have leases of that length,
// while a caller sends so much to each of two servers.
struct RegistryAmount {
  int faults = 1;
  absl::Duration outage = absl::Seconds(30);
  absl::Duration ttl = absl::Seconds(10);
  double per_second = 5'000;
};

// Kill -9 of the registry by which servers and caller know each other; its
// successor knows nobody.
Row RegistryKilled(const RegistryAmount& amount = {});

// The same of the etcd that a registry has; it comes back as it was, or knowing
// nothing, or no more than how all is now.
Row EtcdAway(EtcdFault fault, const RegistryAmount& amount = {});

// Kill -9 of one worker of a cohort after another, amid parallel maps; each is
// replaced.
Row KillCohortWorker(int kills = 20);

}  // namespace am::fault
