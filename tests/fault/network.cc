#include "tests/fault/network.h"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/fault/fork.h"
#include "tests/fault/instance.h"

namespace am::fault {
namespace {

using examples::ChildProcess;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr char kIp[] = "/sbin/ip";

// No host has it: the kernel drops what is sent there.
constexpr char kNobody[] = "02:00:00:00:00:ff";

std::string AddressOf(int host) { return absl::StrCat("10.77.0.", host + 1); }

std::string MacOf(int host) {
  return absl::StrCat("02:00:00:00:00:0", host + 1);
}

// Keeps a namespace of its own until it is killed.
int Keep() {
  if (unshare(CLONE_NEWNET) != 0) {
    Tell(absl::StrCat(
        "unshare: ",
        absl::ErrnoToStatus(errno, "no network namespace").ToString()));
    return 1;
  }
  Tell("kept");
  while (true) pause();
}

[[noreturn]] void RunIp(const std::string& arguments) {
  std::vector<std::string> words = absl::StrSplit(arguments, ' ');
  std::vector<char*> argv = {const_cast<char*>(kIp)};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(kIp, argv.data());
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Network>> Network::Make() {
  if (geteuid() != 0) return absl::PermissionDeniedError("not root");
  if (access(kIp, X_OK) != 0) {
    return absl::NotFoundError("there is no /sbin/ip (Debian: iproute2)");
  }
  std::vector<ChildProcess> keepers;
  for (int host = 0; host < 2; ++host) {
    absl::StatusOr<ChildProcess> keeper = Fork(Keep);
    if (!keeper.ok()) return keeper.status();
    const absl::StatusOr<std::string> line = keeper->ReadLine(kPatience);
    if (!line.ok()) return line.status();
    if (*line != "kept") return absl::PermissionDeniedError(*line);
    keepers.push_back(*std::move(keeper));
  }
  std::unique_ptr<Network> network(new Network(std::move(keepers)));
  const absl::Status laid = network->Lay();
  if (!laid.ok()) return laid;
  return network;
}

absl::Status Network::Lay() {
  absl::Status status =
      Ip(0, absl::StrCat("link add wire type veth peer name wire netns ",
                         keepers_[1].pid()));
  for (int host = 0; host < 2; ++host) {
    status.Update(
        Ip(host, absl::StrCat("link set wire address ", MacOf(host))));
    status.Update(Ip(
        host, absl::StrCat("address add ", AddressOf(host), "/24 dev wire")));
    status.Update(Ip(host, "link set lo up"));
    status.Update(Ip(host, "link set wire up"));
    status.Update(Heal(host));
  }
  return status;
}

std::string Network::Host(int host) const {
  const auto index = static_cast<std::size_t>(host);
  return absl::StrCat("/proc/", keepers_[index].pid(), "/ns/net");
}

std::string Network::Listen(int host) {
  return absl::StrCat("tcp://", AddressOf(host), ":0");
}

absl::Status Network::Cut(int host) {
  return Ip(host, absl::StrCat("neighbor replace ", AddressOf(1 - host),
                               " lladdr ", kNobody, " dev wire"));
}

absl::Status Network::Heal(int host) {
  return Ip(host, absl::StrCat("neighbor replace ", AddressOf(1 - host),
                               " lladdr ", MacOf(1 - host), " dev wire"));
}

absl::Status Network::Ip(int host, const std::string& arguments) {
  absl::StatusOr<ChildProcess> ip = Fork([&] {
    const absl::Status entered = EnterNetwork(Host(host));
    if (entered.ok()) RunIp(arguments);
    Tell(entered.ToString());
    return 1;
  });
  if (!ip.ok()) return ip.status();
  const std::string complaint = ip->ReadLine(kPatience).value_or("");
  const absl::Status status = ip->Stop(kPatience);
  if (status.ok()) return status;
  return absl::InternalError(
      absl::StrCat("ip ", arguments, ": ", status.message(), " ", complaint));
}

}  // namespace am::fault
