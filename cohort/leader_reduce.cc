// The leader's part of a reduction; see am/cohort/reduction.h.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/leader_core.h"
#include "am/cohort/reduction.h"
#include "am/v1/cohort.am.h"

namespace am::cohort {
namespace {

RankResult<void> ResultOf(int rank, Outcome outcome, absl::Status status) {
  RankResult<void> result;
  result.rank = rank;
  result.outcome = outcome;
  result.value = std::move(status);
  return result;
}

// All ranks OK, but for those that failed.
std::vector<RankResult<void>> Results(
    int size, const std::vector<v1::RankFailure>& failures) {
  std::vector<RankResult<void>> results;
  for (int rank = 0; rank < size; ++rank) {
    results.push_back(ResultOf(rank, Outcome::kOk, absl::OkStatus()));
  }
  for (const v1::RankFailure& failure : failures) {
    if (failure.rank() < 0 || failure.rank() >= size) continue;
    results[static_cast<std::size_t>(failure.rank())] =
        ResultOf(failure.rank(), static_cast<Outcome>(failure.outcome()),
                 absl::Status(static_cast<absl::StatusCode>(failure.code()),
                              failure.message()));
  }
  return results;
}

absl::Status FirstFailure(const std::vector<RankResult<void>>& results) {
  for (const RankResult<void>& result : results) {
    if (!result.ok()) return result.value;
  }
  return absl::OkStatus();
}

std::vector<int> RootsOf(const std::vector<v1::ReduceRequest>& subtrees) {
  std::vector<int> roots;
  for (const auto& tree : subtrees) roots.push_back(tree.members(0).rank());
  return roots;
}

// Empty if none of them has any.
std::vector<std::vector<int>> RanksBelow(
    const std::vector<v1::ReduceRequest>& subtrees) {
  std::vector<std::vector<int>> all;
  bool is_tree = false;
  for (const auto& tree : subtrees) {
    std::vector<int>& below = all.emplace_back();
    for (int i = 1; i < tree.members_size(); ++i) {
      below.push_back(tree.members(i).rank());
      is_tree = true;
    }
  }
  if (!is_tree) all.clear();
  return all;
}

// `subtrees` and their `roots` must outlive the beginning of the operation.
FanOut::MakeMessage ToRoots(const std::vector<v1::ReduceRequest>& subtrees,
                            const std::vector<int>& roots) {
  return [&subtrees, &roots](const Member& member, FanOut::Send send) {
    const auto at = std::find(roots.begin(), roots.end(), member.rank);
    send(Payload::Of(subtrees[static_cast<std::size_t>(at - roots.begin())]));
    return absl::OkStatus();
  };
}

}  // namespace

Task<LeaderCore::ReducedBytes> LeaderCore::Reduce(v1::ReduceRequest request,
                                                  absl::Duration timeout,
                                                  bool cancels_rest) {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  const absl::Time until = clock_.Now() + timeout;
  const ViewPtr view = roster_->view();
  *request.mutable_cohort() = RefOf(*view);
  for (const Member& member : view->members) {
    v1::ReduceMember& one = *request.add_members();
    one.set_rank(member.rank);
    ToProto(member.peer, *one.mutable_peer());
  }
  const std::vector<v1::ReduceRequest> subtrees = Subtrees(request, 0);
  const std::vector<int> roots = RootsOf(subtrees);
  FanOut::Plan plan;
  plan.spec = v1::CohortMemberAm::kReduce.spec;
  plan.options.timeout = timeout;
  if (cancels_rest) plan.options.on_failure = OnFailure::kCancelRest;
  plan.make = ToRoots(subtrees, roots);
  plan.below = RanksBelow(subtrees);
  const auto fan_out = operations_->Begin(std::move(plan), Ranks::Of(roots));
  (co_await fan_out->Done()).IgnoreError();
  Gathered gathered = Gather(subtrees, fan_out->parts());
  ReducedBytes reduced;
  reduced.ranks = Results(view->size(), gathered.failures);
  absl::Status failure = FirstFailure(reduced.ranks);
  if (!failure.ok()) {
    reduced.value = std::move(failure);
    co_return reduced;
  }
  reduced.value =
      co_await ReduceHere(client_, request.reduce(), std::move(gathered.values),
                          until - clock_.Now());
  co_return reduced;
}

}  // namespace am::cohort
