// The process that sends, and writes down what it was told of each message.
//
// For each server it has a flow: a thread that connects, sends one message
// after the other, and connects again to whoever answers at the address when
// the peer is gone. With a registry it sends to whomever that says to have the
// flow's number as its label, instead. One message in `one_call_in` is a call,
// an Ack or a Response; of the others every fourth is ordered.
//
// What it tells its parent, a line each:
//   at ADDRESS ID             once it has begun
//   joined FLOW ID            a flow has (again) connected, to that instance
//   lost FLOW                 a flow's peer is gone, or cannot be reached
//   refused FLOW              a flow could not connect
//   gone ID NANOSECONDS       that instance was lost, and when (NowNs)
//   progress FLOW COUNT       every `tell_every` messages of a flow
//   way ADDRESS because WHY   at the end, for each peer: where messages to it
//                             go and, if memory could be shared and is not, why
//   account ...               at the end, for each peer: see ToLine
//   end
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/call_options.h"
#include "tests/fault/history.h"
#include "tests/fault/instance.h"
#include "tests/fault/journal.h"
#include "tests/fault/records.h"

namespace am::fault {

// More operations than one caller has: several callers of a scene number theirs
// from multiples of it on.
inline constexpr std::uint64_t kOperationsOfOne = std::uint64_t{1} << 32;

struct CallerOptions {
  InstanceOptions instance = {};
  std::vector<std::string> servers = {};  // addresses, a flow for each
  Journal<Sent>* sent = nullptr;

  std::uint64_t first_operation = 1;
  std::uint64_t messages = 0;  // of each flow; 0: until SIGTERM
  double per_second = 0;       // of each flow; 0: as fast as it goes
  std::uint64_t one_call_in = 8;
  int calls_in_flight = 64;  // of each flow
  absl::Duration timeout = absl::Seconds(20);
  std::size_t payload_bytes = 8;
  std::uint64_t tell_every = 1000;

  WhenFull when_full = WhenFull::kWait;  // for one-way messages

  // Of the Response calls. The Acks are not sent again.
  RetryPolicy retry = {.max_attempts = 4,
                       .initial_backoff = absl::Milliseconds(5)};

  SignalActions actions = {};
};

// Sends until all is sent or SIGTERM comes, then waits until all calls have
// ended and all one-way messages are accounted for. Returns what main shall
// return.
int Call(const CallerOptions& options);

// An account as a line that begins with "account", and back.
std::string ToLine(const Account& account);
absl::StatusOr<Account> ParseAccount(absl::string_view line);

}  // namespace am::fault
