// Resolver: the choice among instances that have a handler
// (am.v1.Registry.Resolve).
//
// Threads: none of its own, one at a time, as the view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/control/registry_view.h"

namespace am::control {

class Resolver final {
 public:
  explicit Resolver(std::uint64_t seed) : random_(seed) {}

  // The best first. NOT_FOUND: nobody that is asked for serves it.
  // INVALID_ARGUMENT: the choice is incomplete, or the name is none.
  absl::StatusOr<std::vector<RecordPtr>> Resolve(
      const RegistryView& view, const v1::ResolveRequest& request,
      absl::Time now);

  // What an instance says it has to do, which is good for `lease` from now on.
  void NoteOutstanding(InstanceId id, std::uint64_t outstanding,
                       absl::Duration lease, absl::Time now);

 private:
  struct Load {
    std::uint64_t outstanding;
    absl::Time good_until;
  };

  void Arrange(const std::string& handler, v1::ResolveRequest::Choice choice,
               absl::Time now, std::vector<RecordPtr>& candidates);
  void SortByLoad(absl::Time now, std::vector<RecordPtr>& candidates) const;

  std::mt19937_64 random_;
  std::map<InstanceId, Load> loads_;
  absl::Time next_sweep_ = absl::InfinitePast();
  std::map<std::string, std::size_t> turns_;  // of round robin, by handler
};

}  // namespace am::control
