// An instance in a process that a case has forked, and what such processes
// share.
#pragma once

#include <signal.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/manager.h"

namespace am::fault {

struct InstanceOptions {
  // The only address it listens on, so that nothing gets around a fault.
  std::string listen = "tcp://127.0.0.1:0";

  // "shm://PATH": where it shares memory as well, with peers that do so; empty:
  // it does not.
  std::string memory = {};

  // How many descriptors it has left once it listens; negative: as many as the
  // system lets it have.
  int descriptors_left = -1;

  LinkOptions link = {};
  ExecutionOptions execution = {};

  // A file that stands for a network namespace to enter; empty: none.
  std::string network = {};

  // A registry to be known to, "host:port"; empty: none. `label` is that of the
  // flow that it is for.
  std::string registry = {};
  absl::Duration registry_ttl = absl::Seconds(10);
  std::string label = {};
};

// The key of InstanceOptions::label.
inline constexpr char kFlowLabel[] = "flow";

// Not OK: also if the namespace cannot be entered. REQUIRES: this process has
// one thread.
absl::StatusOr<std::unique_ptr<Manager>> MakeInstance(
    const InstanceOptions& options);

// Has this process live in that network namespace. REQUIRES: it has one thread.
absl::Status EnterNetwork(const std::string& network);

// Leaves this process no more descriptors than that; or gives it all that the
// system lets it have. Tell "limited".
void LeaveDescriptors(int count);
void Replenish();

// What a process is to do on SIGUSR1 and on SIGUSR2; on its main thread.
struct SignalActions {
  std::function<void()> on_usr1 = [] {};
  std::function<void()> on_usr2 = [] {};
};

// Signals as a queue, for a process that is told by them what to do.
class Signals {
 public:
  // From now on SIGTERM, SIGUSR1 and SIGUSR2 wait for ActUntilTerm. REQUIRES:
  // this process has one thread.
  Signals();

  // Takes the actions asked for, until SIGTERM comes.
  void ActUntilTerm(const SignalActions& actions) const;

 private:
  sigset_t signals_;
};

// CLOCK_MONOTONIC.
std::int64_t NowNs();

// Prints a line, whole, for the parent to read. Threads: any.
void Tell(absl::string_view line);

// Tells "at ADDRESS INSTANCE".
void TellAddress(const Manager& manager);

}  // namespace am::fault
