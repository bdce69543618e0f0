// gRPC: the same contract as a plain service of gRPC's callback API, or as
// handlers of ours behind the bridge (am/control/control_server.h). Both are
// called by the same generated gRPC stub, with retries off.
#pragma once

#include <memory>
#include <string>

#include "bench/contestant.h"
#include "bench/pinger_method.h"

namespace am::bench {

// Who serves.
enum class GrpcServing {
  kPlain,
  kBridge,
  kLateBridge,  // with handlers that it did not know when it started
};

// Who begins the next call.
enum class GrpcCalling {
  kBlocking,   // a thread, blocked in the stub, one at a time
  kCallback,   // the completion of a call, of as many as the setting says
  kConnect,    // the first, over a channel made anew for each operation
  kInProcess,  // as kBlocking, of a server in the same process
};

struct GrpcStyle {
  GrpcCalling calling = GrpcCalling::kCallback;
  PingerMethod method = PingerMethod::kEcho;
  int channels = 1;  // connections, taken in turn by the calls under way
  GrpcServing serving = GrpcServing::kPlain;
};

// "grpc_callback_echo", "grpc_callback_echo_4_channels", "grpc_blocking_ping",
// "grpc_callback_echo_bridge", "grpc_callback_echo_late_bridge" and so on.
std::string NameOf(const GrpcStyle& style);

// "ipc" is a unix socket of gRPC's own; the bridge serves tcp alone. gRPC knows
// no limit of a method: a limited echo is an echo.
std::unique_ptr<Contestant> MakeGrpcContestant(const GrpcStyle& style);

}  // namespace am::bench
