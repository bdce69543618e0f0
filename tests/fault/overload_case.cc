#include <signal.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/examples/or_die.h"
#include "am/v1/node.pb.h"
#include "tests/fault/cases.h"
#include "tests/fault/fork.h"
#include "tests/fault/scene.h"
#include "tests/fault/slowness.h"

namespace am::fault {
namespace {

using examples::ChildProcess;
using examples::OrDie;

constexpr int kTimesTooMuch = 10;
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr std::size_t kMostChecks = 1'000'000;

using Times = Journal<absl::Duration>;

volatile sig_atomic_t probing = 1;

// Asks a server for its health, again and again, until SIGTERM.
int Probe(const InstanceOptions& at, const std::string& server, Times& times) {
  signal(SIGTERM, [](int) { probing = 0; });
  const auto manager = OrDie(MakeInstance(at));
  const PeerInfo peer = OrDie(manager->client().Connect(server));
  bool told = false;
  while (probing) {
    const std::int64_t begun = NowNs();
    OrDie(manager->client().HealthCheck(peer.id).Await().status());
    times.Append(absl::Nanoseconds(NowNs() - begun));
    if (!std::exchange(told, true)) Tell("probing");
  }
  return 0;
}

// A server whose handlers block until SIGUSR1.
ServerOptions BlockedServer(const InstanceOptions& at, int threads) {
  const auto slowness = std::make_shared<Slowness>(absl::InfiniteDuration());
  slowness->Begin();
  ServerOptions options = {.instance = at};
  options.instance.execution.max_threads = threads;
  options.instance.execution.max_queued = static_cast<std::size_t>(threads);
  options.work = [slowness] { slowness->Wait(); };
  options.actions.on_usr1 = [slowness] { slowness->End(); };
  return options;
}

// Calls only, all at once, none again.
CallerOptions Burst(const InstanceOptions& at, const std::string& server,
                    int calls) {
  CallerOptions options = {.instance = at, .servers = {server}};
  options.messages = static_cast<std::uint64_t>(calls);
  options.one_call_in = 1;
  options.calls_in_flight = calls;
  options.retry = {};
  options.tell_every = options.messages;
  return options;
}

std::vector<absl::Duration> TimesToRefuse(const std::vector<Sent>& sent) {
  std::vector<absl::Duration> times;
  for (const Sent& call : sent) {
    if (call.code ==
        static_cast<std::uint8_t>(absl::StatusCode::kResourceExhausted)) {
      times.push_back(absl::Nanoseconds(call.ended_ns - call.begun_ns));
    }
  }
  return times;
}

}  // namespace

Row Overload(const Scheme& scheme, int threads) {
  Scene scene(absl::StrCat("overload_", scheme));
  const auto times = OrDie(Times::Make(kMostChecks));
  ServerProcess server =
      scene.StartServer(BlockedServer(scene.At(scheme), threads));
  const InstanceOptions beside = scene.At(scheme);
  ChildProcess probe =
      OrDie(Fork([&] { return Probe(beside, server.address, *times); }));
  OrDie(probe.ReadLine(kPatience));
  CallerProcess caller = scene.StartCaller(
      Burst(scene.At(scheme), server.address, kTimesTooMuch * threads));
  caller.Await("progress");
  OrDie(probe.Stop(kPatience));
  kill(server.pid(), SIGUSR1);
  scene.Await(caller);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<absl::Duration> refused = TimesToRefuse(scene.sent());
  std::vector<absl::Duration> healthy;
  times->ForEach([&](absl::Duration time) { healthy.push_back(time); });
  row.AddCount("refused", refused.size());
  row.AddTimes("refused after", refused, absl::Milliseconds(10));
  row.AddTimes("healthy after", healthy, absl::Milliseconds(50));
  return row;
}

}  // namespace am::fault
