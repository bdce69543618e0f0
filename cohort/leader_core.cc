#include "am/cohort/leader_core.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/node.h"
#include "am/v1/cohort.am.h"
#include "am/wire/duration_proto.h"

namespace am::cohort {
namespace {

using v1::CohortAm;

// How long who has a rank may take to say that it lives, when another one asks
// for it.
constexpr absl::Duration kOwnerAnswers = absl::Seconds(2);

// For waits without a bound of their own.
constexpr absl::Duration kLong = absl::Hours(1);

}  // namespace

LeaderCore::LeaderCore(Manager& manager, CohortOptions options)
    : manager_(manager),
      client_(manager.client()),
      clock_(manager.node().clock()),
      options_(std::move(options)),
      roster_(std::make_shared<Roster>(client_, clock_, options_)),
      operations_(std::make_shared<Operations>(client_, clock_, roster_)),
      barriers_(std::make_unique<Barriers>(client_, clock_, roster_)) {}

absl::Status LeaderCore::Start() {
  const std::weak_ptr<LeaderCore> weak = weak_from_this();
  roster_->AddListener([weak](const ViewPtr& view) {
    if (const auto self = weak.lock()) self->OnChange(*view);
  });
  absl::Status registered = Register();
  if (!registered.ok()) return registered;
  manager_.OnPeerEvent([weak](const PeerEvent& event) {
    if (const auto self = weak.lock()) self->OnPeerEvent(event);
  });
  on_cancel_.emplace(options_.cancel.get_token(), [weak] {
    if (const auto self = weak.lock()) {
      self->roster_->Do([](Membership& membership, absl::Time now) {
        membership.End(absl::CancelledError("it was cancelled"), now);
      });
    }
  });
  StartInBackground(Watch());
  return absl::OkStatus();
}

// The handlers share in this.
absl::Status LeaderCore::Register() {
  const std::shared_ptr<LeaderCore> self = shared_from_this();
  std::vector<HandlerBinding> all;
  all.push_back(Bind(CohortAm::kJoin,
                     [self](Context& context, const v1::JoinRequest& request) {
                       return self->Join(context, request);
                     }));
  all.push_back(Bind(CohortAm::kLeave,
                     [self](Context& context, const v1::MemberRef& member) {
                       return self->Leave(context.sender(), member);
                     }));
  all.push_back(Bind(CohortAm::kAttend,
                     [self](Context& context, const v1::MemberRef& member) {
                       return self->Attend(context.sender(), member);
                     }));
  all.push_back(
      Bind(CohortAm::kArrive,
           [self](Context& context, const v1::ArriveRequest& request) {
             return self->Arrive(context, request);
           }));
  all.push_back(Bind(CohortAm::kDescribeCohort,
                     [self](Context&, const v1::DescribeCohortRequest&)
                         -> Task<absl::StatusOr<v1::CohortDescription>> {
                       return
                           [](std::shared_ptr<LeaderCore> core)
                               -> Task<absl::StatusOr<v1::CohortDescription>> {
                             co_return co_await core->Describe();
                           }(self);
                     }));
  return manager_.node().handlers().Add(std::move(all));
}

void LeaderCore::Stop() {
  if (stopped_.exchange(true)) return;
  on_cancel_.reset();
  for (const MethodSpec& spec :
       {CohortAm::kJoin.spec, CohortAm::kLeave.spec, CohortAm::kAttend.spec,
        CohortAm::kArrive.spec, CohortAm::kDescribeCohort.spec}) {
    manager_.Deregister(spec.name).IgnoreError();
  }
  operations_->CancelAll(absl::CancelledError("the leader has stopped"),
                         roster_->view());
  MutexLock lock(mutex_);
  if (tick_.has_value()) tick_->Finish();
}

// -- Joining -----------------------------------------------------------------

absl::StatusOr<Member> LeaderCore::Admit(const Application& application) {
  absl::StatusOr<Member> member = absl::UnknownError("");
  roster_->Do([&](Membership& membership, absl::Time now) {
    const absl::StatusOr<int> rank = membership.Join(application, now);
    if (rank.ok()) {
      member = *membership.view().Find(*rank);
    } else {
      member = rank.status();
    }
  });
  return member;
}

Task<absl::StatusOr<v1::JoinResponse>> LeaderCore::Join(
    Context& context, const v1::JoinRequest& request) {
  const std::shared_ptr<Peer> peer =
      manager_.node().peers().Find(context.sender());
  if (peer == nullptr) {
    co_return absl::FailedPreconditionError(
        "a worker joins from an instance that is connected to the leader");
  }
  Application application;
  application.peer = peer->info();
  if (request.has_rank()) application.rank = request.rank();
  application.labels.insert(request.labels().begin(), request.labels().end());
  application.cohort = request.cohort().name();
  application.cohort_id = request.cohort().id();
  application.epoch = request.cohort().epoch();

  absl::StatusOr<Member> member = Admit(application);
  if (absl::IsAlreadyExists(member.status())) {
    const ViewPtr view = roster_->view();
    const Member* const owner = view->Find(application.rank.value_or(-1));
    const bool is_other =
        owner != nullptr && owner->peer.id != application.peer.id;
    if (is_other && !co_await IsAlive(*owner)) member = Admit(application);
  }
  if (!member.ok()) co_return member.status();
  v1::JoinResponse response;
  response.set_rank(member->rank);
  response.set_joined_epoch(member->joined_epoch);
  *response.mutable_state() = StateOf(*roster_->view());
  ToProto(options_.heartbeat_interval, *response.mutable_heartbeat_interval());
  ToProto(options_.heartbeat_timeout, *response.mutable_heartbeat_timeout());
  co_return response;
}

// Asks it. One that does not answer is lost by that.
Task<bool> LeaderCore::IsAlive(Member member) {
  v1::MemberRef ref;
  *ref.mutable_cohort() = RefOf(*roster_->view());
  ref.set_rank(member.rank);
  CallOptions call;
  call.timeout = kOwnerAnswers;
  const absl::StatusOr<v1::CohortState> answer = co_await client_.Call(
      v1::CohortMemberAm::kFollow, member.peer.id, ref, call);
  if (answer.ok()) co_return true;
  roster_->Do([&](Membership& membership, absl::Time now) {
    membership.Lose(member.peer.id, answer.status(), now);
  });
  co_return false;
}

// -- Other requests ----------------------------------------------------------

absl::Status LeaderCore::Check(InstanceId sender, const v1::MemberRef& member) {
  return roster_->Ask<absl::Status>([&](Membership& membership) {
    return membership.Check(sender, member.cohort().id(),
                            member.cohort().epoch());
  });
}

absl::Status LeaderCore::Leave(InstanceId sender, const v1::MemberRef& member) {
  absl::Status checked = Check(sender, member);
  if (!checked.ok()) return checked;
  roster_->Do([&](Membership& membership, absl::Time now) {
    membership.Leave(sender, now);
  });
  return absl::OkStatus();
}

absl::StatusOr<v1::CohortState> LeaderCore::Attend(
    InstanceId sender, const v1::MemberRef& member) {
  absl::Status checked = Check(sender, member);
  if (!checked.ok()) return checked;
  roster_->Do([&](Membership& membership, absl::Time now) {
    membership.Hear(sender, now);
  });
  return StateOf(*roster_->view());
}

Task<absl::Status> LeaderCore::Arrive(Context& context,
                                      const v1::ArriveRequest& request) {
  absl::Status checked = Check(context.sender(), request.member());
  if (!checked.ok()) co_return checked;
  const ViewPtr view = roster_->view();
  const Member* const member = view->FindActive(context.sender());
  if (member == nullptr) {
    co_return absl::FailedPreconditionError("it is not there any more");
  }
  co_return co_await barriers_->Arrive(request.barrier(), member->rank,
                                       context.remaining());
}

// -- Waiting -----------------------------------------------------------------

absl::Status LeaderCore::AwaitComplete(absl::Duration timeout) {
  const absl::Status awaited =
      roster_
          ->Await(
              [](const View& view) {
                return view.phase != v1::CohortState::FORMING;
              },
              timeout)
          .Await();
  const ViewPtr view = roster_->view();
  if (absl::IsDeadlineExceeded(awaited) &&
      view->phase == v1::CohortState::FORMING) {
    return absl::DeadlineExceededError(MissingText(*view));
  }
  if (view->is_over()) return view->why;
  return view->phase == v1::CohortState::FORMING ? awaited : absl::OkStatus();
}

absl::Status LeaderCore::AwaitEnd() {
  const auto has_ended = [](const View& view) { return view.has_ended(); };
  absl::Status awaited;
  do {
    awaited = roster_->Await(has_ended, kLong).Await();
  } while (absl::IsDeadlineExceeded(awaited));
  if (!awaited.ok()) return awaited;
  MutexLock lock(mutex_);
  if (not_left_.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("did not leave in time: ", not_left_));
}

}  // namespace am::cohort
