// The process whose handlers write down what they run.
//
//   note      NoReturn
//   in_order  NoReturn, ordered
//   check     Ack
//   twice     Response: what came, twice over
//
// The payload of a message begins with the number of its operation, in eight
// bytes. The server tells its address (see TellAddress) once it serves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/fault/instance.h"
#include "tests/fault/journal.h"
#include "tests/fault/records.h"

namespace am::fault {

// An operation's number as a payload of that many bytes, and back; 0 if it is
// none.
std::string ToPayload(std::uint64_t operation,
                      std::size_t bytes = sizeof(std::uint64_t));
std::uint64_t FromPayload(absl::string_view payload);

struct ServerOptions {
  InstanceOptions instance = {};
  Journal<Ran>* ran = nullptr;

  SignalActions actions = {};

  // What a handler does before it writes down that it ran, by any thread.
  std::function<void()> work = [] {};
};

// Serves until SIGTERM. Returns what main shall return.
int Serve(const ServerOptions& options);

}  // namespace am::fault
