#include "am/examples/demo_client.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/examples/child_process.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

namespace am::examples {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr char kSelf[] = "/proc/self/exe";

void Introduce(const PeerInfo& peer, pid_t pid) {
  std::cout << absl::StrCat(
      "  ", peer.name, ": process ", pid, ", instance ", peer.id.ToString(),
      ", at ", OrDie(peer.Choose(PeerInfo::Memory::kShared)).ToString(), "\n");
}

}  // namespace

void RunAsClient() {
  ChildProcess worker = OrDie(ChildProcess::Start({kSelf, "worker"}));
  const std::string worker_at = OrDie(worker.ReadLine(kPatience));
  ChildProcess gateway =
      OrDie(ChildProcess::Start({kSelf, "gateway", worker_at}));
  const std::string gateway_at = OrDie(gateway.ReadLine(kPatience));

  auto client = OrDie(Manager::Make({.name = "client"}));
  const PeerInfo worker_info = OrDie(client->client().Connect(worker_at));
  const PeerInfo gateway_info = OrDie(client->client().Connect(gateway_at));
  std::cout << "Three processes on one host, so that they share memory:\n";
  Introduce(client->peer_info(), getpid());
  Introduce(worker_info, worker.pid());
  Introduce(gateway_info, gateway.pid());

  using Stub = ::examples::InferenceAm::Client;
  const Stub to_worker(client->client(), worker_info.id);
  const Stub to_gateway(client->client(), gateway_info.id);
  ShowPatterns(to_worker, to_gateway);
  std::cout << "  > " << OrDie(worker.ReadLine(kPatience)) << "\n";
  ShowRoundTrips(to_worker, to_gateway);

  OrDie(client->Shutdown());
  OrDie(gateway.Stop(kPatience));
  OrDie(worker.Stop(kPatience));
  std::cout << "All three processes ended in order." << std::endl;
}

}  // namespace am::examples
