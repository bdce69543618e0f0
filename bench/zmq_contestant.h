// The bar: libzmq itself, two PUSH/PULL pairs, one message there and back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/contestant.h"
#include "bench/zmq_loop.h"

namespace am::bench {

// What the server sends back.
enum class ZmqAnswer {
  kEcho,     // the message that it received; the caller compares
  kVerdict,  // whether it was intact, in one byte
};

// "libzmq_recv", "libzmq_poll_verdict" and so on.
std::string ZmqContestantName(ZmqLoop loop,
                              ZmqAnswer answer = ZmqAnswer::kEcho);

// Of both loops, for a comparison with the better one.
std::vector<std::string> ZmqContestantNames(
    ZmqAnswer answer = ZmqAnswer::kEcho);

// Keeps as many messages under way as the setting says: each answer has
// another message sent.
std::unique_ptr<Contestant> MakeZmqContestant(
    ZmqLoop loop, ZmqAnswer answer = ZmqAnswer::kEcho);

}  // namespace am::bench
