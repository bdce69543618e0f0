// Reduction: one value of many, up a tree of members.
//
//   leader -> 16 members -> up to 16 more below each -> ...
//
// Each member makes its own value, has those below it reduce theirs, and then
// reduces all of these to one, by a handler of its own; the leader does the
// same with the values of those directly below it. Values are kept in order of
// ranks, so that the reducer need only be associative.
//
// Functions, for any thread. What they are given is copied but where it says
// otherwise.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/client.h"
#include "am/cohort/fan_out.h"
#include "am/cohort/outcome.h"
#include "am/task.h"
#include "am/v1/cohort.pb.h"

namespace am::cohort {

// Members directly below one; beyond it there is a tree.
inline constexpr int kReduceFanOut = 16;

// Who has others below itself gives them, and its own value, this part of the
// time that it has: the rest is for its answer, which says who was late.
inline constexpr double kTimeBelow = 0.9;

// Values in order of ranks, and all that went wrong.
struct Gathered {
  std::vector<std::string> values = {};
  std::vector<v1::RankFailure> failures = {};
};

// `request` with the members from `begin` on dealt to as many subtrees as
// there may be, in order, as evenly as can be. The first of each is its root.
std::vector<v1::ReduceRequest> Subtrees(const v1::ReduceRequest& request,
                                        int begin);

// What the roots of subtrees answered, in their order.
Gathered Gather(const std::vector<v1::ReduceRequest>& subtrees,
                const std::vector<FanOut::Part>& parts);

// Has the handler `reducer` of this instance make one value of several; a
// single one is it.
Task<absl::StatusOr<std::string>> ReduceHere(Client client, std::string reducer,
                                             std::vector<std::string> values,
                                             absl::Duration timeout);

v1::RankFailure FailureOf(int rank, Outcome outcome,
                          const absl::Status& status);

}  // namespace am::cohort
