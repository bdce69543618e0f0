// What a leader tells of its cohort: who is awaited, and where they are.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/leader_core.h"
#include "am/node.h"
#include "am/v1/node.am.h"
#include "am/wire/duration_proto.h"

namespace am::cohort {
namespace {

// How long a worker may take to say what it runs. It is asked while it may be
// stuck.
constexpr absl::Duration kAnswers = absl::Milliseconds(250);

std::set<int> AwaitedIn(const v1::CohortDescription& description) {
  std::set<int> awaited;
  for (const auto& operation : description.operations()) {
    awaited.insert(operation.awaited_ranks().begin(),
                   operation.awaited_ranks().end());
  }
  return awaited;
}

void DescribeMember(const Member& member, v1::MemberDescription& description) {
  description.set_rank(member.rank);
  description.set_state(MemberStateName(member.state));
  if (!member.peer.id.is_nobody()) {
    ToProto(member.peer, *description.mutable_peer());
  }
  for (const auto& [key, value] : member.labels) {
    (*description.mutable_labels())[key] = value;
  }
  description.set_joined_epoch(member.joined_epoch);
  if (!member.why.ok()) description.set_why(member.why.ToString());
}

}  // namespace

// By whatever sign of life: the runtime's own come oftener than the cohort's.
absl::Time LeaderCore::LastHeard(const Member& member) const {
  const absl::Time heard = roster_->Ask<absl::Time>(
      [&](Membership& machine) { return machine.last_heard(member.rank); });
  const std::shared_ptr<Peer> peer =
      manager_.node().peers().Find(member.peer.id);
  if (peer == nullptr) return heard;
  return std::max(heard, peer->link().proved_at());
}

absl::Duration LeaderCore::SinceNow(absl::Time when) const {
  return clock_.Now() - when;
}

v1::CohortDescription LeaderCore::DescribeNow() {
  v1::CohortDescription description;
  const ViewPtr view = roster_->view();
  *description.mutable_state() = StateOf(*view);
  for (const Member& member : view->members) {
    v1::MemberDescription& one = *description.add_members();
    DescribeMember(member, one);
    one.set_straggler_score(operations_->StragglerScore(member.rank));
    const absl::Time heard = LastHeard(member);
    if (heard > absl::InfinitePast()) {
      ToProto(SinceNow(heard), *one.mutable_last_heard());
    }
  }
  DescribeOperations(description);
  auto& counters = *description.mutable_counters();
  counters["operations"] = operations_->begun();
  counters["serialised"] = operations_->serialised();
  counters["stale_refused"] = roster_->Ask<std::uint64_t>(
      [](Membership& membership) { return membership.stale_refused(); });
  return description;
}

void LeaderCore::DescribeOperations(v1::CohortDescription& description) const {
  for (const auto& [number, fan_out] : operations_->UnderWay()) {
    v1::OperationDescription& one = *description.add_operations();
    one.set_id(number);
    one.set_handler(fan_out->handler());
    ToProto(SinceNow(fan_out->begun()), *one.mutable_running_for());
    ToProto(-SinceNow(fan_out->deadline()), *one.mutable_deadline_in());
    for (const int rank : fan_out->Awaited()) one.add_awaited_ranks(rank);
  }
  for (const auto& [name, awaited] : barriers_->ListAwaited()) {
    v1::OperationDescription& one = *description.add_operations();
    one.set_handler(absl::StrCat("barrier ", name));
    ToProto(SinceNow(awaited.begun), *one.mutable_running_for());
    ToProto(-SinceNow(awaited.deadline), *one.mutable_deadline_in());
    for (const int rank : awaited.ranks) one.add_awaited_ranks(rank);
  }
}

Task<v1::CohortDescription> LeaderCore::Describe() {
  v1::CohortDescription description = DescribeNow();
  co_await AddRunning(description);
  co_return description;
}

// Asks those who are awaited what they run.
Task<void> LeaderCore::AddRunning(v1::CohortDescription& description) {
  const std::set<int> awaited = AwaitedIn(description);
  if (awaited.empty()) co_return;
  FanOut::Plan plan;
  plan.spec = v1::NodeAm::kListHandlers.spec;
  plan.ranks.assign(awaited.begin(), awaited.end());
  plan.deadline = clock_.Now() + kAnswers;
  plan.make = [](const Member&, FanOut::Send send) {
    send(Payload::Of(v1::ListHandlersRequest()));
    return absl::OkStatus();
  };
  const auto asked = std::make_shared<FanOut>(client_, clock_, std::move(plan),
                                              [](const FanOut&) {});
  asked->Begin(roster_->view());
  (co_await asked->Done()).IgnoreError();
  for (const FanOut::Part& part : asked->parts()) {
    v1::ListHandlersResponse list;
    if (part.outcome != Outcome::kOk ||
        part.rank >= description.members_size() ||
        !Decode(part.reply.payload.view(), part.reply.codec, list).ok()) {
      continue;
    }
    for (const v1::HandlerInfo& handler : list.handlers()) {
      // The one that answers is no news.
      if (handler.running() == 0 ||
          handler.name() == v1::NodeAm::kListHandlers.spec.name) {
        continue;
      }
      auto& running = *description.mutable_members(part.rank)->add_running();
      running.set_name(handler.name());
      running.set_invocations(handler.running());
      *running.mutable_busy_for() = handler.busy_for();
    }
  }
}

}  // namespace am::cohort
