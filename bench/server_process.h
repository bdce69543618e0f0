// The process that a contestant's server runs in: this program once more.
//
//   int main(int argc, char** argv) {
//     const Contestants contestants = ...;
//     if (auto code = ServeIfAsked(argc, argv, contestants)) return *code;
//     ...
//     StartServer(contestant, setting);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/examples/child_process.h"
#include "bench/contestant.h"

namespace am::bench {

using Contestants = std::vector<std::unique_ptr<Contestant>>;

// A server that serves, and how to reach it.
struct RunningServer {
  examples::ChildProcess process;
  std::string address;
};

// Runs this program as the server of `contestant`. It is killed when this
// thread ends.
absl::StatusOr<RunningServer> StartServer(const Contestant& contestant,
                                          const Setting& setting);

// In a process that StartServer made: serves until SIGTERM, and returns what
// main shall return. Nothing in any other process. REQUIRES: no thread was
// started.
std::optional<int> ServeIfAsked(int argc, char** argv,
                                const Contestants& contestants);

}  // namespace am::bench
