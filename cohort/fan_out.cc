#include "am/cohort/fan_out.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/cohort/place.h"

namespace am::cohort {
namespace {

Reply Failure(absl::Status status) { return {std::move(status), {}, {}}; }

// What a member that is not there means for its rank.
Outcome OutcomeOf(MemberState state) {
  return state == MemberState::kAbsent ? Outcome::kNeverJoined : Outcome::kLost;
}

absl::Status WhyNotThere(const Member& member) {
  if (!member.why.ok()) return member.why;
  return absl::UnavailableError(member.state == MemberState::kLeft
                                    ? "it has left"
                                    : "nobody has joined with this rank");
}

// With the payloads it has.
absl::Status WithMessage(const absl::Status& status, std::string message) {
  absl::Status changed(status.code(), message);
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    changed.SetPayload(type, payload);
  });
  return changed;
}

}  // namespace

FanOut::FanOut(Client client, const Clock& clock, Plan plan,
               std::function<void(const FanOut&)> on_done)
    : client_(client),
      clock_(clock),
      handler_(plan.spec.name),
      plan_(std::move(plan)),
      on_done_(std::move(on_done)),
      begun_(clock.Now()),
      parts_(plan_.ranks.size()),
      open_(parts_.size() + 1) {
  plan_.spec.name = handler_;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].rank = plan_.ranks[i];
  }
}

// -- Sending -----------------------------------------------------------------

void FanOut::Begin(ViewPtr view) {
  view_ = std::move(view);
  may_come_last_ = plan_.options.order == SendOrder::kAtOnce &&
                   plan_.options.when_full == WhenFull::kWait;
  for (std::size_t i = 0; i < plan_.ranks.size(); ++i) Reach(i);
  may_come_last_ = false;
  for (const std::size_t i : last_) Reach(i);
  plan_.make = nullptr;
  EndOne();
}

void FanOut::Reach(std::size_t i) {
  const Member* const member = view_->Find(plan_.ranks[i]);
  if (member == nullptr) {
    End(i, Outcome::kRejected,
        Failure(absl::OutOfRangeError(
            absl::StrCat("there is no such rank in 0..", view_->size() - 1))));
  } else if (!member->is_active()) {
    End(i, cohort::OutcomeOf(member->state), Failure(WhyNotThere(*member)));
  } else {
    SendTo(i, *member);
  }
}

void FanOut::Refuse(Outcome outcome, const absl::Status& why) {
  for (std::size_t i = 0; i < plan_.ranks.size(); ++i) {
    End(i, outcome, Failure(why));
  }
  EndOne();
}

void FanOut::SendTo(std::size_t i, const Member& member) {
  if (is_cancelled()) {
    return End(i, Outcome::kCancelled,
               Failure(absl::CancelledError("it was not sent")));
  }
  bool sent = false;
  absl::Status made;
  try {
    made = plan_.make(member, [&](const Payload& payload) {
      sent = true;
      StartCall(i, member, payload);
    });
  } catch (const std::exception& error) {
    made =
        absl::InternalError(absl::StrCat("the mapper threw: ", error.what()));
  } catch (...) {
    made = absl::InternalError("the mapper threw");
  }
  if (sent) return;
  End(i, Outcome::kRejected,
      Failure(made.ok() ? absl::InternalError("no message was made") : made));
}

void FanOut::StartCall(std::size_t i, const Member& member,
                       const Payload& payload) {
  const absl::Time now = clock_.Now();
  const Metadata place = ToMetadata({view_->id, member.joined_epoch});
  CallOptions options;
  options.timeout = plan_.deadline - now;
  options.when_full = plan_.options.when_full;
  // Those who reduce among themselves have no places to give.
  if (view_->id != 0) options.metadata = &place;
  {
    MutexLock lock(mutex_);
    parts_[i].begun = now;
    parts_[i].instance = member.peer.id;
  }
  if (options.timeout <= absl::ZeroDuration()) {
    return End(i, Outcome::kLate,
               Failure(absl::DeadlineExceededError("it was not sent in time")));
  }
  if (plan_.spec.pattern == Pattern::kNoReturn) {
    return SendOneWay(i, member, payload, options);
  }
  Await(i, client_.StartCall(plan_.spec, member.peer.id, payload, options));
}

void FanOut::SendOneWay(std::size_t i, const Member& member,
                        const Payload& payload, CallOptions options) {
  if (may_come_last_) options.when_full = WhenFull::kRefuse;
  Reply reply;
  reply.status =
      client_.SendOneWay(plan_.spec, member.peer.id, payload, options);
  if (may_come_last_ && absl::IsResourceExhausted(reply.status)) {
    return last_.push_back(i);
  }
  const Outcome outcome = OutcomeOf(reply);
  End(i, outcome, std::move(reply));
}

void FanOut::Await(std::size_t i, std::shared_ptr<PendingCall> call) {
  bool cancelled;
  {
    MutexLock lock(mutex_);
    parts_[i].call = call;
    cancelled = cancelled_.has_value();
  }
  // Runs within the end of the call: nothing here blocks.
  if (!call->SetWake([self = shared_from_this(), i] { self->OnReply(i); })) {
    return OnReply(i);
  }
  if (cancelled && !call->done()) call->Cancel();
}

// -- Ends --------------------------------------------------------------------

void FanOut::OnReply(std::size_t i) {
  std::shared_ptr<PendingCall> call;
  {
    MutexLock lock(mutex_);
    call = std::move(parts_[i].call);
  }
  Reply reply = call->TakeReply();
  if (plan_.judge && reply.status.ok()) reply.status = plan_.judge(reply);
  const Outcome outcome = OutcomeOf(reply);
  End(i, outcome, std::move(reply));
}

Outcome FanOut::OutcomeOf(const Reply& reply) const {
  if (reply.status.ok()) return Outcome::kOk;
  if (reply.origin == ReplyOrigin::kHandler) {
    // What a judge says is not the handler's.
    return plan_.judge && absl::IsDeadlineExceeded(reply.status)
               ? Outcome::kLate
               : Outcome::kHandlerError;
  }
  switch (reply.status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return Outcome::kLate;
    case absl::StatusCode::kCancelled:
      return Outcome::kCancelled;
    case absl::StatusCode::kUnavailable:
      return reply.origin == ReplyOrigin::kRefused ? Outcome::kRejected
                                                   : Outcome::kLost;
    default:
      return Outcome::kRejected;
  }
}

// Names the rank and where it is.
absl::Status FanOut::Describe(std::size_t i, const absl::Status& status) const {
  const int rank = plan_.ranks[i];
  const Member* const member = view_ == nullptr ? nullptr : view_->Find(rank);
  const bool has_peer = member != nullptr && !member->peer.id.is_nobody();
  return WithMessage(
      status,
      absl::StrCat("rank ", rank,
                   has_peer ? absl::StrCat(" (", WhereIs(member->peer), ")")
                            : std::string(),
                   ": ", status.message()));
}

void FanOut::End(std::size_t i, Outcome outcome, Reply reply) {
  if (!reply.status.ok()) reply.status = Describe(i, reply.status);
  absl::Status failure = reply.status;
  {
    MutexLock lock(mutex_);
    Part& part = parts_[i];
    if (outcome == Outcome::kCancelled && cancelled_.has_value()) {
      Explain(part.rank, outcome, reply.status);
    }
    part.outcome = outcome;
    part.reply = std::move(reply);
    if (part.begun < absl::InfiniteFuture()) {
      part.took = clock_.Now() - part.begun;
    }
  }
  const bool cancels = outcome != Outcome::kOk &&
                       plan_.options.on_failure == OnFailure::kCancelRest;
  if (cancels) Cancel(failure);
  EndOne();
}

// Why a rank was cancelled. Who is lost may be known here before its call ends.
void FanOut::Explain(int rank, Outcome& outcome, absl::Status& status) const {
  const Member* const member =
      cancelled_view_ == nullptr ? nullptr : cancelled_view_->Find(rank);
  if (member != nullptr && member->state == MemberState::kLost) {
    outcome = Outcome::kLost;
    status = WithMessage(
        member->why, absl::StrCat("rank ", rank, " (", WhereIs(member->peer),
                                  "): ", member->why.message()));
    return;
  }
  status = WithMessage(
      *cancelled_,
      absl::StrCat("rank ", rank, ": cancelled: ", cancelled_->message()));
}

void FanOut::EndOne() {
  std::optional<Promise> done;
  {
    MutexLock lock(mutex_);
    if (open_ > 1) {
      --open_;
      return;
    }
  }
  // The last one. Nobody sees it as done before it has been noted.
  if (on_done_) on_done_(*this);
  {
    MutexLock lock(mutex_);
    open_ = 0;
    done = done_;
  }
  if (done.has_value()) done->Finish();
}

void FanOut::Cancel(const absl::Status& why, ViewPtr view) {
  std::vector<std::shared_ptr<PendingCall>> calls;
  {
    MutexLock lock(mutex_);
    if (cancelled_.has_value()) return;
    cancelled_ = why;
    cancelled_view_ = std::move(view);
    for (const Part& part : parts_) {
      if (part.call != nullptr) calls.push_back(part.call);
    }
  }
  for (const auto& call : calls) {
    if (!call->done()) call->Cancel();
  }
}

// -- Looking -----------------------------------------------------------------

bool FanOut::is_cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_.has_value();
}

bool FanOut::done() const {
  MutexLock lock(mutex_);
  return open_ == 0;
}

Future<void> FanOut::Done() {
  MutexLock lock(mutex_);
  if (open_ == 0) return Future<void>(absl::OkStatus());
  done_.emplace(client_, kMaxTimeout);
  return done_->future();
}

std::vector<int> FanOut::Awaited() const {
  std::vector<int> awaited;
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].call == nullptr) continue;
    awaited.push_back(parts_[i].rank);
    if (!is_tree()) continue;
    const std::vector<int>& below = plan_.below[i];
    awaited.insert(awaited.end(), below.begin(), below.end());
  }
  return awaited;
}

std::vector<FanOut::Part> FanOut::parts() const {
  MutexLock lock(mutex_);
  std::vector<Part> parts = parts_;
  for (Part& part : parts) {
    if (part.call == nullptr) continue;
    part.call = nullptr;
    part.outcome = Outcome::kLost;
    part.reply.status = absl::UnavailableError("this instance has shut down");
  }
  return parts;
}

}  // namespace am::cohort
