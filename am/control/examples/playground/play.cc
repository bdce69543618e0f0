#include "am/control/examples/playground/play.h"

#include <csignal>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/control/examples/playground/invitation.h"
#include "am/control/examples/playground/playground.h"

namespace am::playground {
namespace {

// Those that end it. Children begin without them blocked.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&signals, one);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Fail(const absl::Status& why) {
  std::cerr << absl::StrCat("playground: ", why.message(), "\n");
  return 1;
}

// Waits for a signal to end. Those who kill a process want to see what becomes
// of the others.
absl::Status AwaitEnd(Processes& processes, const sigset_t& signals) {
  while (!processes.is_empty()) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGCHLD) return absl::OkStatus();
    while (const auto ended = processes.TakeEnded()) {
      std::cerr << absl::StrCat(
          "playground: ", ended->name, " ",
          ended->how.ok() ? "has ended" : ended->how.message(),
          processes.is_empty() ? "\n" : "; the others go on\n");
    }
  }
  return absl::UnavailableError("nobody is left");
}

}  // namespace

int Play(const std::string& registry_program, const std::string& amctl) {
  const sigset_t signals = BlockSignals();
  auto playground = Playground::Start(registry_program);
  if (!playground.ok()) return Fail(playground.status());
  std::cout << Addresses(*playground) << '\n'
            << Invitation(*playground, amctl) << std::flush;
  const absl::Status ended = AwaitEnd(playground->processes(), signals);
  if (!ended.ok()) return Fail(ended);
  const absl::Status stopped = playground->processes().Stop();
  return stopped.ok() ? 0 : Fail(stopped);
}

}  // namespace am::playground
