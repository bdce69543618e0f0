// The playground from its start to its end.
#pragma once

#include <string>

namespace am::playground {

// Returns the exit code. Called before any thread begins; `amctl` is the
// program to invite to.
int Play(const std::string& registry_program, const std::string& amctl);

}  // namespace am::playground
