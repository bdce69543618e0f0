// What the playground prints: where everything is, and what to try.
#pragma once

#include <string>

#include "am/control/examples/playground/playground.h"

namespace am::playground {

// {"registry": "host:port", "nodes": [{"id": ..., "pid": ..., ...}]}
std::string Addresses(const Playground& playground);

// Lines for a shell, with `amctl` as it is to be called.
std::string Invitation(const Playground& playground, const std::string& amctl);

}  // namespace am::playground
