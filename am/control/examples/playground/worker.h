// One of the processes that serve in the playground.
#pragma once

#include <string>

namespace am::playground {

// Serves (worker_handlers.h), known to the registry at `registry`, until SIGINT
// or SIGTERM, and sends another worker a "tick" each second. Prints one line
// when others can find it: its id, its control address and its data address. It
// lets others drain it.
void Work(const std::string& name, const std::string& registry);

}  // namespace am::playground
