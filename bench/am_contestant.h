// Ours: generated stubs over the ZeroMQ transport.
//
// Options are the defaults, but that an instance listens on addresses of the
// setting's kind alone: otherwise peers of one host would always use ipc.
#pragma once

#include <memory>
#include <string>

#include "bench/contestant.h"

namespace am::bench {

// Who learns that a call is done, and begins the next one.
enum class Waiter {
  kThread,     // blocked in Await
  kCallback,   // of OnDone
  kCoroutine,  // in co_await
};

// What is called; see pinger.proto.
enum class PingerMethod {
  kPing,  // the payload there, a status back; the server verifies
  kEcho,  // the payload there and back; the caller verifies
};

// "am_ping_thread", "am_echo_callback" and so on.
std::string AmContestantName(PingerMethod method, Waiter waiter);

std::unique_ptr<Contestant> MakeAmContestant(PingerMethod method,
                                             Waiter waiter);

}  // namespace am::bench
