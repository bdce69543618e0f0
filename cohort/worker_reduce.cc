// A worker's part of a reduction; see am/cohort/reduction.h.
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/fan_out.h"
#include "am/cohort/reduction.h"
#include "am/cohort/worker_core.h"
#include "am/handler_id.h"
#include "am/node.h"
#include "am/v1/cohort.am.h"

namespace am::cohort {
namespace {

// The roots of subtrees as members; those that cannot be reached are lost.
Task<ViewPtr> Connect(Client client,
                      const std::vector<v1::ReduceRequest>& subtrees,
                      absl::Duration timeout) {
  auto view = std::make_shared<View>();
  std::vector<Future<v1::PeerInfo>> connecting;
  for (const v1::ReduceRequest& subtree : subtrees) {
    const absl::StatusOr<PeerInfo> info = FromProto(subtree.members(0).peer());
    connecting.push_back(info.ok() ? client.StartConnect(*info, timeout)
                                   : Future<v1::PeerInfo>(info.status()));
  }
  for (std::size_t i = 0; i < subtrees.size(); ++i) {
    const absl::StatusOr<v1::PeerInfo> peer = co_await connecting[i];
    const v1::ReduceMember& root = subtrees[i].members(0);
    while (view->size() <= root.rank()) {
      Member& member = view->members.emplace_back();
      member.rank = view->size() - 1;
    }
    Member& member = view->members.back();
    member.state = peer.ok() ? MemberState::kActive : MemberState::kLost;
    member.why = peer.status();
    const absl::StatusOr<PeerInfo> info = FromProto(root.peer());
    if (info.ok()) member.peer = *info;
  }
  co_return view;
}

// Has the roots reduce what is below them. `subtrees` must outlive Begin.
std::shared_ptr<FanOut> AskBelow(Client& client, const Clock& clock,
                                 const std::vector<v1::ReduceRequest>& subtrees,
                                 absl::Duration timeout) {
  FanOut::Plan plan;
  plan.spec = v1::CohortMemberAm::kReduce.spec;
  plan.deadline = clock.Now() + timeout;
  for (const auto& subtree : subtrees) {
    plan.ranks.push_back(subtree.members(0).rank());
  }
  plan.make = [&subtrees](const Member& member, FanOut::Send send) {
    for (const auto& subtree : subtrees) {
      if (subtree.members(0).rank() == member.rank) {
        send(Payload::Of(subtree));
      }
    }
    return absl::OkStatus();
  };
  return std::make_shared<FanOut>(client, clock, std::move(plan),
                                  [](const FanOut&) {});
}

Future<std::string> Produce(Client& client, const v1::ReduceRequest& request,
                            absl::Duration timeout) {
  MethodSpec spec;
  spec.name = request.produce();
  spec.id = IsHandlerName(request.produce()) ? HandlerId(request.produce())
                                             : kNoHandler;
  CallOptions call;
  call.timeout = timeout;
  return Future<std::string>(client.StartCall(
      spec, client.instance_id(),
      Payload::Borrow(request.request(), Codec::kProtobuf), call));
}

v1::RankFailure Failure(int rank, const absl::Status& status) {
  return FailureOf(rank,
                   absl::IsDeadlineExceeded(status) ? Outcome::kLate
                                                    : Outcome::kHandlerError,
                   absl::Status(status.code(), absl::StrCat("rank ", rank, ": ",
                                                            status.message())));
}

// Before those of the ranks below.
void AddOwn(int rank, absl::StatusOr<std::string> value, Gathered& all) {
  if (value.ok()) {
    all.values.insert(all.values.begin(), *std::move(value));
  } else {
    all.failures.insert(all.failures.begin(), Failure(rank, value.status()));
  }
}

}  // namespace

// Whether it is for the place that we have.
absl::Status WorkerCore::CheckReduction(const v1::ReduceRequest& request) {
  MutexLock lock(mutex_);
  const bool is_ours = request.members_size() > 0 &&
                       request.members(0).rank() == state_.rank &&
                       request.cohort().id() == state_.cohort.cohort().id() &&
                       request.cohort().epoch() >= state_.joined_epoch;
  if (is_ours) return absl::OkStatus();
  ++stale_refused_;
  return absl::FailedPreconditionError(
      absl::StrCat("this worker is rank ", state_.rank, " of cohort ",
                   state_.cohort.cohort().id(), " since epoch ",
                   state_.joined_epoch, "; the reduction is for another one"));
}

Task<absl::StatusOr<v1::ReduceResponse>> WorkerCore::Reduce(
    Context& context, const v1::ReduceRequest& request) {
  const absl::Status checked = CheckReduction(request);
  if (!checked.ok()) co_return checked;
  const int rank = request.members(0).rank();
  const std::vector<v1::ReduceRequest> below = Subtrees(request, 1);
  const absl::Duration time =
      context.remaining() * (below.empty() ? 1 : kTimeBelow);
  // Its own value and those of the others at once.
  Future<std::string> own = Produce(client_, request, time);
  const std::shared_ptr<FanOut> asked = AskBelow(client_, clock_, below, time);
  asked->Begin(co_await Connect(client_, below, time));
  absl::StatusOr<std::string> value = co_await own;
  (co_await asked->Done()).IgnoreError();
  Gathered all = Gather(below, asked->parts());
  AddOwn(rank, std::move(value), all);
  v1::ReduceResponse response;
  if (all.failures.empty()) {
    const absl::StatusOr<std::string> reduced = co_await ReduceHere(
        client_, request.reduce(), std::move(all.values), context.remaining());
    if (reduced.ok()) {
      response.set_value(*reduced);
    } else {
      all.failures.push_back(Failure(rank, reduced.status()));
    }
  }
  response.mutable_failures()->Add(all.failures.begin(), all.failures.end());
  co_return response;
}

}  // namespace am::cohort
