// The least that two processes can do: bytes there and back over a unix socket,
// by blocking reads and writes, and nothing else.
#pragma once

#include <memory>

#include "bench/contestant.h"

namespace am::bench {

inline constexpr char kUnixContestantName[] = "unix_socket";

// One at a time, whatever the setting says.
std::unique_ptr<Contestant> MakeUnixContestant();

}  // namespace am::bench
