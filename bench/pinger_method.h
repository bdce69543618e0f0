// PingerMethod: what contestants with stubs call; see pinger.proto.
#pragma once

namespace am::bench {

enum class PingerMethod {
  kPing,         // the payload there, a status back; the server verifies
  kInlinePing,   // the same, on the receiving thread
  kPoolPing,     // the same, on the worker pool
  kEcho,         // the payload there and back; the caller verifies
  kLimitedEcho,  // the same, ten at a time at the most
};

// "ping", "inline_ping", "pool_ping", "echo", "limited_echo".
constexpr const char* NameOf(PingerMethod method) {
  constexpr const char* kNames[] = {"ping", "inline_ping", "pool_ping", "echo",
                                    "limited_echo"};
  return kNames[static_cast<int>(method)];
}

}  // namespace am::bench
