#include "am/control/examples/playground/play.h"

#include <csignal>
#include <iostream>

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

// Waits for a signal to end, or for a process to do so, whose name it returns.
std::string AwaitEnd(const Processes& processes, const sigset_t& signals) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGCHLD) return "";
    const std::string ended = processes.FindEnded();
    if (!ended.empty()) return ended;
  }
}

int Fail(absl::string_view why) {
  std::cerr << "playground: " << std::string(why) << std::endl;
  return 1;
}

}  // namespace

int Play(const std::string& registry_program, const std::string& amctl) {
  const sigset_t signals = BlockSignals();
  auto playground = Playground::Start(registry_program);
  if (!playground.ok()) return Fail(playground.status().message());
  std::cout << Addresses(*playground) << '\n'
            << Invitation(*playground, amctl) << std::flush;
  const std::string ended = AwaitEnd(playground->processes(), signals);
  const absl::Status stopped = playground->processes().Stop();
  if (!ended.empty()) return Fail(ended + " has ended, and so does all");
  return stopped.ok() ? 0 : Fail(stopped.message());
}

}  // namespace am::playground
