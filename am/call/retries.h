// Retries: whether calls that failed are sent again, and when.
//
// One call has attempts one after the other:
//
//   under way --an attempt ends, and there may be another--> waiting
//      ^                                                        |
//      +------------------------- is due -----------------------+
//
// in both of which any other end completes it, also the reply to an earlier
// attempt. See am/retry_policy.h for what may be tried again.
//
// Threads: one at a time; whoever owns it (am/call/call_table.h) has a lock for
// it.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/payload.h"
#include "am/plane.h"
#include "am/retry_policy.h"
#include "am/wire/wire.h"

namespace am {

// How an attempt ended.
enum class AttemptEnd : std::uint8_t {
  kUnsent,  // refused before it ran: here, or by the peer
  kRan,     // the handler ran
  kLost,    // the peer was lost, which may have run it
};

// What it takes to send a call again; kept for calls with a policy only.
struct Repeatable {
  // These do not change once the call has begun, but that the header becomes
  // the next attempt's when it begins.
  RetryPolicy policy;
  MessageHeader header;
  std::string handler;  // full name
  Plane plane = Plane::kAuto;
  std::string metadata;
  Payload payload;  // shares its bytes
  absl::Time deadline;

  // Of Retries: attempts begun, and when the next one is due while it waits.
  int attempts = 1;
  bool may_have_run = false;
  absl::Time due = absl::InfinitePast();

  bool waits() const { return due != absl::InfinitePast(); }
};

class Retries final {
 public:
  // What follows from the same seed is the same.
  explicit Retries(std::uint64_t seed) : random_(seed) {}

  // An attempt ended with `status`. True: the call waits for its next attempt,
  // maybe already. False: this is how the call ends.
  bool TryAgain(Repeatable& call, const absl::Status& status, AttemptEnd end,
                absl::Time now);

  // The call has ended: it waits no more.
  void Remove(Repeatable& call);

  // Ids of the calls whose next attempt is due; Begin must follow for each.
  std::vector<std::uint64_t> TakeDue(absl::Time now);
  // A call that was refused each time comes as if for the first time: what the
  // peer has forgotten since does not matter to it.
  static void Begin(Repeatable& call);

  // When the next attempt is; infinite if there is none.
  absl::Time NextDue() const;

 private:
  std::mt19937_64 random_;
  std::set<std::pair<absl::Time, std::uint64_t>> waiting_;  // when due, id
};

}  // namespace am
