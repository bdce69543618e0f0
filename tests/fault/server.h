// The process whose handlers write down what they run.
//
//   note      NoReturn
//   in_order  NoReturn, ordered
//   check     Ack
//   twice     Response: what came, twice over
//
// The payload of a message is the number of its operation, eight bytes. The
// server tells its address (see TellAddress) once it serves.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/fault/instance.h"
#include "tests/fault/journal.h"
#include "tests/fault/records.h"

namespace am::fault {

// An operation's number as a payload, and back; 0 if it is none.
std::string ToPayload(std::uint64_t operation);
std::uint64_t FromPayload(absl::string_view payload);

struct ServerOptions {
  InstanceOptions instance = {};
  Journal<Ran>* ran = nullptr;

  // Runs on SIGUSR1 and on SIGUSR2, on the main thread.
  std::function<void()> on_usr1 = [] {};
  std::function<void()> on_usr2 = [] {};
};

// Serves until SIGTERM. Returns what main shall return.
int Serve(const ServerOptions& options);

}  // namespace am::fault
