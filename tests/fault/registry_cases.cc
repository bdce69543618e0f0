#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/control/examples/etcd_process.h"
#include "am/examples/or_die.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/fork.h"
#include "tests/fault/registry_process.h"
#include "tests/fault/scene.h"

namespace am::fault {
namespace {

using examples::OrDie;

constexpr absl::Duration kPatience = absl::Seconds(60);

// A process that tells what it does, and where.
InstanceProcess Started(const std::function<int()>& run) {
  return {OrDie(Fork(run)), {}, {}};
}

std::string AwaitAddress(InstanceProcess& process) {
  return process.AwaitLine("at ").substr(3);
}

// Servers and a caller that know each other by a registry alone.
class Fleet {
 public:
  static constexpr std::size_t kServers = 2;
  static constexpr std::size_t kInstances = kServers + 1;

  Fleet(Scene& scene, const std::string& registry, const RegistryAmount& amount)
      : scene_(scene) {
    InstanceOptions instance;
    instance.registry = registry;
    instance.registry_ttl = amount.ttl;
    CallerOptions caller;
    for (std::size_t i = 0; i < kServers; ++i) {
      instance.label = absl::StrCat(i);
      servers_.push_back(scene_.StartServer({.instance = instance}));
      caller.servers.push_back(servers_.back().address);
    }
    instance.label = "";
    caller.instance = instance;
    caller.per_second = amount.per_second;
    caller.tell_every = static_cast<std::uint64_t>(
        amount.per_second * absl::ToDoubleSeconds(amount.outage));
    caller_.emplace(scene_.StartCaller(caller));
    // In whatever order.
    for (std::size_t i = 0; i < kServers; ++i) caller_->AwaitLine("joined ");
  }

  // As long as an outage shall last.
  void AwaitProgress() { caller_->AwaitProgress(); }

  Row Finish() {
    scene_.Finish(*caller_);
    for (ServerProcess& server : servers_) scene_.Finish(server);
    Row row = scene_.Judge();
    const std::vector<Sent> sent = scene_.sent();
    std::uint64_t failed = 0;
    for (const ServerProcess& server : servers_) {
      failed += CountFailed(sent, server.id);
    }
    row.AddCount("failed calls", failed, 0);
    row.figures.push_back({"rate", Rate(sent)});
    return row;
  }

 private:
  Scene& scene_;
  std::vector<ServerProcess> servers_;
  std::optional<CallerProcess> caller_;
};

// Whoever looks, and how long it took each time until all were there.
class Onlooker {
 public:
  Onlooker(const std::string& registry, std::size_t instances)
      : process_(Started([registry, instances] {
          return LookAtRegistry(registry, instances);
        })) {}

  // Waits until all are there, which is a figure: since now.
  void AwaitAll() {
    const std::int64_t begun_ns = NowNs();
    AwaitFirst();
    times_.push_back(absl::Nanoseconds(NowNs() - begun_ns));
  }

  void AwaitFirst() {
    kill(process_.pid(), SIGUSR1);
    process_.AwaitLine("complete");
  }

  const std::vector<absl::Duration>& times() const { return times_; }

 private:
  InstanceProcess process_;
  std::vector<absl::Duration> times_;
};

void Kill(InstanceProcess& process) {
  kill(process.pid(), SIGKILL);
  process.process.Stop(kPatience).IgnoreError();  // says that it was killed
}

const char* NameOf(EtcdFault fault) {
  switch (fault) {
    case EtcdFault::kKilled:
      return "etcd_killed";
    case EtcdFault::kWiped:
      return "etcd_wiped";
    case EtcdFault::kCompacted:
      return "etcd_compacted";
  }
  return "";
}

}  // namespace

Row RegistryKilled(const RegistryAmount& amount) {
  Scene scene("registry_killed");
  std::optional<InstanceProcess> registry;
  registry.emplace(Started([] { return ServeRegistry({}); }));
  RegistryProcessOptions again;
  again.listen = AwaitAddress(*registry);
  Onlooker onlooker(again.listen, Fleet::kInstances);
  Fleet fleet(scene, again.listen, amount);
  onlooker.AwaitFirst();
  for (int i = 0; i < amount.faults; ++i) {
    Kill(*registry);
    fleet.AwaitProgress();
    registry.emplace(Started([&] { return ServeRegistry(again); }));
    AwaitAddress(*registry);
    onlooker.AwaitAll();
    fleet.AwaitProgress();
  }
  Row row = fleet.Finish();
  row.AddTimes("all back after", onlooker.times(), 2 * amount.ttl);
  return row;
}

Row EtcdAway(EtcdFault fault, const RegistryAmount& amount) {
  Scene scene(NameOf(fault));
  if (!control::examples::EtcdProcess::IsInstalled()) {
    Row row;
    row.name = NameOf(fault);
    row.skipped = "etcd is not installed";
    return row;
  }
  InstanceProcess etcd = Started([fault] { return KeepEtcd(fault); });
  RegistryProcessOptions options;
  options.etcd = AwaitAddress(etcd);
  InstanceProcess registry = Started([&] { return ServeRegistry(options); });
  const std::string address = AwaitAddress(registry);
  Onlooker onlooker(address, Fleet::kInstances);
  Fleet fleet(scene, address, amount);
  onlooker.AwaitFirst();
  for (int i = 0; i < amount.faults; ++i) {
    kill(etcd.pid(), SIGUSR1);
    etcd.AwaitLine("away");
    fleet.AwaitProgress();
    kill(etcd.pid(), SIGUSR2);
    etcd.AwaitLine("back");
    onlooker.AwaitAll();
    fleet.AwaitProgress();
  }
  Row row = fleet.Finish();
  row.AddTimes("all back after", onlooker.times(), 2 * amount.ttl);
  return row;
}

}  // namespace am::fault
