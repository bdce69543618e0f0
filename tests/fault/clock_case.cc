#include <signal.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "am/examples/or_die.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"
#include "tests/fault/stepped_clock.h"

namespace am::fault {
namespace {

// For it libstdc++ waits until a date, which it asks us for, and which the
// kernel compares with the machine's own.
#ifdef __SANITIZE_THREAD__
constexpr bool kWaitsByDate = true;
#else
constexpr bool kWaitsByDate = false;
#endif

// Further than any timeout of ours.
constexpr absl::Duration kStep = absl::Hours(1);

// Not absl::Now(), which for two seconds goes on from what it was last told.
absl::Time Date() { return absl::FromChrono(std::chrono::system_clock::now()); }

void Step(absl::Duration step) {
  const absl::Time before = Date();
  StepClock(step);
  const absl::Duration error = absl::AbsDuration(Date() - before - step);
  if (error > absl::Minutes(1)) {
    examples::OrDie(absl::InternalError("the date was not stepped"));
  }
  Tell("stepped");
}

SignalActions Steps() {
  return {.on_usr1 = [] { Step(kStep); }, .on_usr2 = [] { Step(-2 * kStep); }};
}

}  // namespace

Row ClockSteps(const Scheme& scheme, const Amount& amount) {
  const std::string name = absl::StrCat("clock_steps_", scheme);
  if (kWaitsByDate) {
    return {.name = name, .skipped = "ThreadSanitizer waits by the date"};
  }
  Scene scene(name);
  ServerProcess server =
      scene.StartServer({.instance = scene.At(scheme), .actions = Steps()});
  CallerProcess caller =
      scene.StartCaller({.instance = scene.At(scheme),
                         .servers = {server.address},
                         .tell_every = amount.messages_between,
                         .actions = Steps()});
  for (int i = 0; i < amount.faults; ++i) {
    caller.AwaitProgress();
    // First one is an hour ahead, then both, then one is behind ...
    InstanceProcess& process =
        i % 2 == 0 ? static_cast<InstanceProcess&>(server) : caller;
    kill(process.pid(), i % 4 < 2 ? SIGUSR1 : SIGUSR2);
    process.AwaitLine("stepped");
  }
  caller.AwaitProgress();
  scene.Finish(caller);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  row.AddCount("failed", CountFailed(sent, server.id), 0);
  row.AddCount("undelivered", row.messages - row.delivered, 0);
  row.figures.push_back({"rate", Rate(sent)});
  return row;
}

}  // namespace am::fault
