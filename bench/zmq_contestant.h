// The bar: libzmq itself, two PUSH/PULL pairs, one message there and back.
//
// The server sends back the message that it received; the caller compares.
// Default options but for bounds on waiting.
#pragma once

#include <memory>

#include "bench/contestant.h"

namespace am::bench {

// How both sides wait for a message.
enum class ZmqLoop {
  kReceive,  // in zmq_recv
  kPoll,     // in zmq_poll, then zmq_recv without waiting
};

// Named "libzmq_recv" or "libzmq_poll".
std::unique_ptr<Contestant> MakeZmqContestant(ZmqLoop loop);

}  // namespace am::bench
