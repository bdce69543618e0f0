// nng, the successor of nanomsg: one PAIR socket on each side, blocking calls,
// one message there and back. Only where its header was found (Debian's
// libnng-dev); the project needs it for nothing else.
#pragma once

#include <memory>

#include "bench/contestant.h"

namespace am::bench {

inline constexpr char kNngContestantName[] = "nng";

bool HasNng();

// Keeps as many messages under way as the setting says. REQUIRES: HasNng().
std::unique_ptr<Contestant> MakeNngContestant();

}  // namespace am::bench
