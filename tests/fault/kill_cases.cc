#include <optional>
#include <vector>

#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {
namespace {

// A kill, by NowNs, of whom, and who came in its place.
struct Succession {
  std::int64_t killed_ns;
  InstanceId killed;
  InstanceId successor;
};

Row RowOf(const Scene& scene, const std::vector<Succession>& kills) {
  const std::vector<Sent> sent = scene.sent();
  std::vector<absl::Duration> noticed, recovered;
  for (const Succession& kill : kills) {
    noticed.push_back(FailedAfter(sent, kill.killed, kill.killed_ns));
    recovered.push_back(WorkedAfter(sent, kill.successor, kill.killed_ns));
  }
  Row row = scene.Judge();
  row.figures.push_back({"rate", Rate(sent)});
  row.AddTimes("noticed", noticed, absl::Milliseconds(100));
  row.AddTimes("recovered", recovered, absl::Seconds(1));
  return row;
}

}  // namespace

Row KillReceiver(const Scheme& scheme, const Amount& amount) {
  Scene scene(NameOf("kill_receiver", scheme, amount));
  std::optional<ServerProcess> server;
  server.emplace(scene.StartServer({.instance = scene.At(scheme)}));
  CallerProcess caller =
      scene.StartCaller({.instance = scene.At(scheme),
                         .servers = {server->address},
                         .payload_bytes = amount.payload_bytes,
                         .tell_every = amount.messages_between});
  std::vector<Succession> kills;
  while (caller.AwaitJoined() != server->id) {
  }
  for (int i = 0; i < amount.faults; ++i) {
    caller.AwaitProgress();
    const std::string address = server->address;
    Succession kill = {scene.Kill(*server), server->id, {}};
    server.emplace(scene.StartServer({.instance = {.listen = address}}));
    kill.successor = server->id;
    kills.push_back(kill);
    while (caller.AwaitJoined() != server->id) {
    }
  }
  caller.AwaitProgress();
  scene.Finish(caller);
  scene.Finish(*server);
  return RowOf(scene, kills);
}

Row KillSender(const Scheme& scheme, const Amount& amount) {
  Scene scene(NameOf("kill_sender", scheme, amount));
  ServerProcess server = scene.StartServer({.instance = scene.At(scheme)});
  CallerOptions options = {.instance = scene.At(scheme),
                           .servers = {server.address},
                           .payload_bytes = amount.payload_bytes,
                           .tell_every = amount.messages_between};
  std::optional<CallerProcess> caller;
  caller.emplace(scene.StartCaller(options));
  std::vector<std::int64_t> kills;
  for (int i = 0; i < amount.faults; ++i) {
    caller->AwaitProgress();
    options.instance.listen = caller->address;
    options.first_operation += kOperationsOfOne;
    kills.push_back(scene.Kill(*caller));
    caller.emplace(scene.StartCaller(options));
  }
  caller->AwaitProgress();
  scene.Finish(*caller);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  std::vector<absl::Duration> recovered;
  for (const std::int64_t kill : kills) {
    recovered.push_back(WorkedAfter(sent, server.id, kill));
  }
  row.AddTimes("recovered", recovered, absl::Seconds(1));
  return row;
}

}  // namespace am::fault
