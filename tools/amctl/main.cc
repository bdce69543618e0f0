// amctl; `amctl --help` says what it does.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tools/amctl/amctl.h"
#include "tools/amctl/exit_code.h"

namespace {

// How long a command may take to end in order after an interrupt.
constexpr timespec kPatience{.tv_sec = 3, .tv_nsec = 0};

// Turns SIGINT and SIGTERM into a stop. A second one, or too long a time after
// the first, ends the process. Called before any thread begins, so that none of
// them gets these signals.
void ObeySignals(std::stop_source stop) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, stop]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
    // A debugger, or a look for leaks, may interrupt the wait.
    while (sigtimedwait(&signals, nullptr, &kPatience) < 0 && errno == EINTR) {
    }
    std::_Exit(static_cast<int>(am::amctl::ExitCode::kInterrupted));
  }).detach();
}

}  // namespace

int main(int argc, char** argv) {
  // What gRPC would write of connections that fail, we say ourselves.
  setenv("GRPC_VERBOSITY", "NONE", /*replace=*/0);
  const std::stop_source stop;
  ObeySignals(stop);
  return am::amctl::Run(std::vector<std::string>(argv + 1, argv + argc),
                        {std::cin, std::cout, std::cerr}, stop.get_token());
}
