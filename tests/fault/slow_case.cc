#include <signal.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"
#include "tests/fault/slowness.h"

namespace am::fault {
namespace {

constexpr std::size_t kServers = 8;
constexpr std::uint64_t kNoCalls = ~std::uint64_t{0};
constexpr absl::Duration kHandlerTime = absl::Milliseconds(20);
constexpr absl::Duration kNeverGiveUp = absl::Minutes(10);
constexpr double kMemoryBound = 32;  // MiB

// The memory of a process that is its own, in MiB; proc(5).
double PrivateMemory(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/status"));
  std::string word;
  while (file >> word) {
    double kib = 0;
    if (word == "RssAnon:" && file >> kib) return kib / 1024;
  }
  return 0;
}

// Eight servers, to each of which a flow sends.
class Octet {
 public:
  Octet(const std::string& name, const Scheme& scheme, const Amount& amount)
      : scene_(name), scheme_(scheme), amount_(amount) {
    for (std::size_t i = 0; i < kServers; ++i) {
      servers_.push_back(scene_.StartServer(MayBeSlow(scene_.At(scheme))));
    }
  }

  // The first one is slow in that way, if in any.
  void Send(std::optional<Slow> slow);

  // Messages delivered by a server, a second.
  double Rate(std::size_t server) const;

  // By how much the sender's memory grew, in MiB.
  double growth() const { return growth_; }

  Row Judge() const { return scene_.Judge(); }

 private:
  static ServerOptions MayBeSlow(const InstanceOptions& at);
  CallerOptions Sender();

  Scene scene_;
  const Scheme scheme_;
  const Amount amount_;
  std::vector<ServerProcess> servers_;
  double growth_ = 0;
};

// Each handler takes its time between SIGUSR1 and SIGUSR2.
ServerOptions Octet::MayBeSlow(const InstanceOptions& at) {
  const auto slowness = std::make_shared<Slowness>(kHandlerTime);
  ServerOptions options = {.instance = at};
  options.instance.execution.max_concurrency = 1;
  options.work = [slowness] { slowness->Wait(); };
  options.actions = {.on_usr1 = [slowness] { slowness->Begin(); },
                     .on_usr2 = [slowness] { slowness->End(); }};
  return options;
}

CallerOptions Octet::Sender() {
  CallerOptions options = {.instance = scene_.At(scheme_),
                           .per_second = amount_.per_second,
                           .one_call_in = kNoCalls,
                           .payload_bytes = 1024,
                           .tell_every = amount_.messages_between,
                           .when_full = WhenFull::kRefuse};
  options.instance.link.heartbeat_timeout = kNeverGiveUp;
  for (const ServerProcess& server : servers_) {
    options.servers.push_back(server.address);
  }
  return options;
}

void Octet::Send(std::optional<Slow> slow) {
  const pid_t first = servers_.front().pid();
  CallerProcess caller = scene_.StartCaller(Sender());
  caller.AwaitProgress(0);
  const double before = PrivateMemory(caller.pid());
  if (slow) kill(first, *slow == Slow::kProcess ? SIGSTOP : SIGUSR1);
  for (int i = 0; i < amount_.faults; ++i) {
    caller.AwaitProgress(1);
    growth_ = std::max(growth_, PrivateMemory(caller.pid()) - before);
  }
  if (slow) kill(first, *slow == Slow::kProcess ? SIGCONT : SIGUSR2);
  scene_.Finish(caller);
  for (ServerProcess& server : servers_) scene_.Finish(server);
}

double Octet::Rate(std::size_t server) const {
  const InstanceId id = servers_[server].id;
  std::vector<Sent> to_server;
  for (const Sent& message : scene_.sent()) {
    if (message.target == id.value()) to_server.push_back(message);
  }
  return PerSecond(to_server) * static_cast<double>(scene_.DeliveredBy(id)) /
         static_cast<double>(to_server.size());
}

}  // namespace

Row SlowConsumer(Slow slow, const Scheme& scheme, const Amount& amount) {
  const std::string name = absl::StrCat(
      slow == Slow::kProcess ? "stalled_consumer_" : "slow_consumer_", scheme);
  Octet quick(name, scheme, amount);
  quick.Send(std::nullopt);
  Octet octet(name, scheme, amount);
  octet.Send(slow);
  double least = 1;
  for (std::size_t i = 1; i < kServers; ++i) {
    least = std::min(least, octet.Rate(i) / quick.Rate(i));
  }
  Row row = octet.Judge();
  row.figures.push_back({"the other seven keep",
                         absl::StrFormat("%.1f %%", least * 100),
                         least >= 0.95});
  row.figures.push_back({"sender grew by",
                         absl::StrFormat("%.1f MiB", octet.growth()),
                         octet.growth() < kMemoryBound});
  return row;
}

}  // namespace am::fault
