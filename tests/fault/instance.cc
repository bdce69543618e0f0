#include "tests/fault/instance.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/control/registry_directory.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"

namespace am::fault {

namespace {

using TransportPtr = std::shared_ptr<transport::Transport>;

// Of the kinds of address that are listened on, and no other.
absl::StatusOr<TransportPtr> MakeTransport(const InstanceOptions& options) {
  if (absl::StartsWith(options.listen, "shm://")) {
    auto shm = transport::MakeShmTransport({});
    if (!shm.ok()) return shm.status();
    return TransportPtr(*std::move(shm));
  }
  transport::ZmqOptions zmq;
  // Addresses of a namespace of its own are not loopback.
  zmq.insecure_allow_remote_peers = !options.network.empty();
  auto made = transport::MakeZmqTransport(zmq);
  if (!made.ok()) return made.status();
  if (options.memory.empty()) return TransportPtr(*std::move(made));
  transport::ShmOptions both;
  both.other = *std::move(made);
  auto shm = transport::MakeShmTransport(both);
  if (!shm.ok()) return shm.status();
  return TransportPtr(*std::move(shm));
}

void LimitDescriptors(rlim_t descriptors) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = descriptors;
  Tell(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? "limited" : "not limited");
}

}  // namespace

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
  auto transport = MakeTransport(options);
  if (!transport.ok()) return transport.status();
  ManagerOptions manager;
  manager.listen = {options.listen};
  if (!options.memory.empty()) manager.listen.push_back(options.memory);
  manager.insecure_allow_remote_peers = !options.network.empty();
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
  auto made = Manager::Make(std::move(manager));
  if (options.descriptors_left >= 0) LeaveDescriptors(options.descriptors_left);
  return made;
}

// The limit is that of their numbers: all that are free below it are taken, but
// for so many.
void LeaveDescriptors(int count) {
  std::vector<int> opened;
  for (int i = 0; i <= count; ++i) {
    opened.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  LimitDescriptors(static_cast<rlim_t>(opened.back()) + 1);
  for (int i = 0; i < count; ++i) close(opened[static_cast<std::size_t>(i)]);
}

void Replenish() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  LimitDescriptors(limit.rlim_max);
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
