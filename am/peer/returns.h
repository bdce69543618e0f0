// Returns: when to try again to reach peers whose connection was lost.
//
// Waits double (am/peer/backoff.h) from LinkOptions::reconnect_min to
// reconnect_max. After reconnect_for a peer is given up.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "am/instance_id.h"
#include "am/manager_options.h"
#include "am/peer/backoff.h"
#include "am/transport/address.h"

namespace am {

class Returns {
 public:
  struct Try {
    InstanceId peer;
    transport::Address address;
  };

  // `options` must outlive it.
  Returns(const LinkOptions& options, std::uint64_t seed)
      : options_(options), random_(seed) {}

  // The connection to `peer` at `address` is lost; the caller makes the first
  // try at once.
  void Begin(InstanceId peer, const transport::Address& address,
             absl::Time now);

  // A try has failed. False: it was the last one, or there was none.
  bool OnFailed(InstanceId peer, absl::Time now);

  // The peer is back, or known to be gone.
  void End(InstanceId peer) { entries_.erase(peer); }
  void Clear() { entries_.clear(); }

  // The tries to be made now, in order of their peers' ids.
  std::vector<Try> TakeDue(absl::Time now);

  // When the next one is; infinite if there is none.
  absl::Time NextDue() const;

 private:
  struct Entry {
    transport::Address address;
    absl::Time due;
    absl::Time give_up_at;
    Backoff backoff;
  };

  const LinkOptions& options_;
  std::mt19937_64 random_;
  std::map<InstanceId, Entry> entries_;
};

}  // namespace am
