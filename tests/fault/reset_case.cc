#include <signal.h>

#include "absl/strings/str_cat.h"
#include "tests/fault/cases.h"
#include "tests/fault/connections.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {

Row Reset(const Scheme& scheme, const Amount& amount) {
  Scene scene(absl::StrCat("reset_", scheme));
  const SignalActions actions = {
      .on_usr1 = [] { Tell(absl::StrCat("reset ", ResetConnections())); },
      .on_usr2 = [] {}};
  ServerProcess server =
      scene.StartServer({.instance = scene.At(scheme), .actions = actions});
  CallerProcess caller =
      scene.StartCaller({.instance = scene.At(scheme),
                         .servers = {server.address},
                         .tell_every = amount.messages_between});
  std::vector<std::int64_t> resets;
  for (int i = 0; i < amount.faults; ++i) {
    caller.AwaitProgress();
    resets.push_back(NowNs());
    kill(server.pid(), SIGUSR1);
    server.AwaitLine("reset");
  }
  caller.AwaitProgress();
  scene.Finish(caller);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  std::vector<absl::Duration> recovered;
  for (const std::int64_t reset : resets) {
    recovered.push_back(WorkedAfter(sent, server.id, reset));
  }
  row.AddCount("failed calls", CountFailed(sent, server.id));
  row.AddCount("link lost", scene.link_lost());
  row.figures.push_back({"rate", Rate(sent)});
  row.AddTimes("recovered", recovered, absl::Seconds(1));
  return row;
}

}  // namespace am::fault
