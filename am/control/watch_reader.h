// WatchReader: what a watch says, as a directory's sink is told it.
//
// A registry that has restarted knows nobody until they come back. So for some
// time after that, whoever is not in its snapshots is kept: calls go on, and of
// those who really are gone the data plane knows.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "am/directory.h"
#include "am/v1/registry.pb.h"

namespace am::control {

class WatchReader final {
 public:
  // `grace` is how long after a restart.
  explicit WatchReader(absl::Duration grace) : grace_(grace) {}

  // Tells `sink`.
  void Read(const v1::WatchResponse& response, absl::Time now,
            DirectorySink& sink);

  // What to ask for: to go on, or, `anew`, for a snapshot.
  v1::WatchRequest Resume(bool anew);

  // When a snapshot ought to be asked for, since the grace ends; infinite if
  // there is none.
  absl::Time grace_end() const { return grace_end_; }

 private:
  void EndSnapshot(std::uint64_t generation, absl::Time now,
                   DirectorySink& sink);

  const absl::Duration grace_;
  std::vector<InstanceRecord> snapshot_;
  std::uint64_t generation_ = 0;  // zero: none yet
  std::uint64_t revision_ = 0;
  absl::Time grace_end_ = absl::InfiniteFuture();
};

}  // namespace am::control
