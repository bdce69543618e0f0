// gRPC: the same handler as a plain service of gRPC's callback API, and as one
// of ours behind the bridge (am/control/control_server.h). Both are called by
// the same generated gRPC stub, callback API as well.
#pragma once

#include <memory>
#include <string>

#include "bench/contestant.h"

namespace am::bench {

// Who serves.
enum class GrpcServing { kPlain, kBridge };

// "grpc_plain_50", "grpc_bridge_1": with so many calls under way at a time.
std::string GrpcContestantName(GrpcServing serving, int in_flight);

// Over tcp only. Echoes; the caller verifies.
std::unique_ptr<Contestant> MakeGrpcContestant(GrpcServing serving,
                                               int in_flight);

}  // namespace am::bench
