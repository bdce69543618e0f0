// ZmqLoop: how a user of raw libzmq waits for messages.
#pragma once

#include <string>
#include <vector>

namespace am::bench {

enum class ZmqLoop {
  kReceive,  // in zmq_recv
  kPoll,     // in zmq_poll, then zmq_recv without waiting: of one message, or
             // of all that are there if several are under way at a time
};

constexpr ZmqLoop kZmqLoops[] = {ZmqLoop::kReceive, ZmqLoop::kPoll};

// What `name_of` makes of each.
template <typename NameOfLoop>
std::vector<std::string> NamesOfLoops(NameOfLoop name_of) {
  std::vector<std::string> names;
  for (const ZmqLoop loop : kZmqLoops) names.push_back(name_of(loop));
  return names;
}

// "recv" or "poll".
constexpr const char* NameOf(ZmqLoop loop) {
  return loop == ZmqLoop::kReceive ? "recv" : "poll";
}

}  // namespace am::bench
