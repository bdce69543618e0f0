#include "tests/fault/instance.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/registry_directory.h"
#include "am/transport/zmq_transport.h"

namespace am::fault {

absl::Status EnterNetwork(const std::string& network) {
  const int file = open(network.c_str(), O_RDONLY | O_CLOEXEC);
  const bool entered = file >= 0 && setns(file, CLONE_NEWNET) == 0;
  const absl::Status status =
      entered ? absl::OkStatus()
              : absl::Status(absl::ErrnoToStatusCode(errno),
                             absl::StrCat("cannot enter ", network));
  if (file >= 0) close(file);
  return status;
}

absl::StatusOr<std::unique_ptr<Manager>> MakeInstance(
    const InstanceOptions& options) {
  if (!options.network.empty()) {
    const absl::Status entered = EnterNetwork(options.network);
    if (!entered.ok()) return entered;
  }
  transport::ZmqOptions zmq;
  // Addresses of a namespace of its own are not loopback.
  zmq.insecure_allow_remote_peers = !options.network.empty();
  absl::StatusOr<std::unique_ptr<transport::ZmqTransport>> transport =
      transport::MakeZmqTransport(zmq);
  if (!transport.ok()) return transport.status();
  ManagerOptions manager;
  manager.listen = {options.listen};
  manager.insecure_allow_remote_peers = zmq.insecure_allow_remote_peers;
  manager.link = options.link;
  manager.execution = options.execution;
  manager.transport = *std::move(transport);
  if (!options.label.empty()) manager.labels[kFlowLabel] = options.label;
  if (!options.registry.empty()) {
    control::RegistryDirectoryOptions directory;
    directory.registry = options.registry;
    directory.ttl = options.registry_ttl;
    manager.directory = control::MakeRegistryDirectory(directory);
  }
  return Manager::Make(std::move(manager));
}

Signals::Signals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGUSR1, SIGUSR2}) {
    sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void Signals::ActUntilTerm(const SignalActions& actions) const {
  int signal = 0;
  while (sigwait(&signals_, &signal), signal != SIGTERM) {
    (signal == SIGUSR1 ? actions.on_usr1 : actions.on_usr2)();
  }
}

std::int64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::ToInt64Nanoseconds(absl::DurationFromTimespec(now));
}

void Tell(absl::string_view line) {
  const std::string text = absl::StrCat(line, "\n");
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void TellAddress(const Manager& manager) {
  Tell(absl::StrCat("at ", manager.addresses().front().ToString(), " ",
                    manager.instance_id().ToString()));
}

}  // namespace am::fault
