#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {

Row Descriptors(const Amount& amount) {
  const Scheme scheme = "tcp";
  Scene scene("descriptors_tcp");
  ServerProcess server =
      scene.StartServer({.instance = scene.At(scheme),
                         .actions = {.on_usr1 = [] { LeaveDescriptors(0); },
                                     .on_usr2 = Replenish}});
  CallerOptions options = {.instance = scene.At(scheme),
                           .servers = {server.address},
                           .per_second = amount.per_second,
                           .tell_every = 1000};
  CallerProcess first = scene.StartCaller(options);
  first.AwaitProgress();
  std::vector<Span> exhaustions;
  for (int i = 0; i < amount.faults; ++i) {
    exhaustions.push_back({.begun_ns = NowNs()});
    kill(server.pid(), SIGUSR1);
    server.AwaitLine("limited");
    options.first_operation += kOperationsOfOne;
    options.instance = scene.At(scheme);
    CallerProcess next = scene.StartCaller(options);
    next.Await("refused");
    first.AwaitProgress();  // who was connected goes on
    kill(server.pid(), SIGUSR2);
    server.AwaitLine("limited");
    exhaustions.back().ended_ns = NowNs();
    next.AwaitJoined();
    next.AwaitProgress();
    scene.Finish(next);
  }
  scene.Finish(first);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  row.AddCount("failed", CountFailed(sent, server.id), 0);
  row.AddTimes("calls meanwhile", TimesOfCalls(sent, server.id, exhaustions));
  return row;
}

// Which side has so few descriptors left that the upgrade fails at one step or
// the other, or none.
Row UpgradeCut(int most_left) {
  Scene scene("upgrade_cut");
  const SignalActions actions = {.on_usr1 = [] {}, .on_usr2 = Replenish};
  std::uint64_t refused = 0;
  for (int round = 0; round <= 2 * most_left + 1; ++round) {
    InstanceOptions of_server = scene.Sharing(), of_caller = scene.Sharing();
    const bool server_lacks = round % 2 == 0;
    (server_lacks ? of_server : of_caller).descriptors_left = round / 2;
    ServerProcess server =
        scene.StartServer({.instance = of_server, .actions = actions});
    CallerProcess caller = scene.StartCaller(
        {.instance = of_caller,
         .servers = {server.address},
         .first_operation = 1 + kOperationsOfOne * static_cast<unsigned>(round),
         .messages = 1000,
         .actions = actions});
    const std::string event = caller.AwaitAnyOf({"joined 0", "refused 0"});
    if (absl::StartsWith(event, "refused")) {
      ++refused;
      kill((server_lacks ? server.pid() : caller.pid()), SIGUSR2);
    }
    scene.Await(caller);
    scene.Finish(server);
  }
  Row row = scene.Judge();
  row.AddCount("not connected at first", refused);
  row.AddCount("over shared memory", scene.CountWays("way shm://"));
  row.AddCount("elsewhere, and why", scene.CountWays("because "));
  row.AddCount("undelivered", row.messages - row.delivered, 0);
  return row;
}

}  // namespace am::fault
