// Ours: generated stubs over the ZeroMQ transport; see am_instance.h.
#pragma once

#include <memory>
#include <string>

#include "bench/contestant.h"
#include "bench/pinger_method.h"

namespace am::bench {

// Who learns that a call is done, and begins the next one.
enum class Waiter {
  kThread,     // blocked in Await, one call at a time
  kCallback,   // of OnDone, of as many calls as the setting says
  kCoroutine,  // in co_await, one call at a time
};

// "am_ping_thread", "am_echo_callback" and so on; with a scheme of ours
// (am_instance.h), which then is in place of the setting's,
// "am_ping_thread_shm".
std::string AmContestantName(PingerMethod method, Waiter waiter,
                             const std::string& scheme = "");

std::unique_ptr<Contestant> MakeAmContestant(PingerMethod method, Waiter waiter,
                                             const std::string& scheme = "");

// "am_local_thread" and so on: calls a handler of its own instance.
std::string AmLocalContestantName(Waiter waiter);
std::unique_ptr<Contestant> MakeAmLocalContestant(Waiter waiter);

}  // namespace am::bench
