#include "am/cohort/operations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace am::cohort {
namespace {

bool IsWaiting(const View& view) {
  return view.phase == v1::CohortState::WAITING;
}

absl::Duration TimeoutOf(const MethodSpec& spec,
                         const OperationOptions& options) {
  absl::Duration timeout = options.timeout;
  if (timeout == absl::ZeroDuration()) timeout = spec.timeout;
  if (timeout == absl::ZeroDuration()) timeout = kDefaultTimeout;
  return std::min(timeout, kMaxTimeout);
}

}  // namespace

std::shared_ptr<FanOut> Operations::Begin(FanOut::Plan plan,
                                          const Ranks& ranks) {
  const ViewPtr view = roster_->view();
  plan.ranks = ranks.Resolve(view->size());
  plan.deadline = clock_.Now() + TimeoutOf(plan.spec, plan.options);
  std::shared_ptr<FanOut> fan_out;
  {
    MutexLock lock(mutex_);
    const std::uint64_t number = ++begun_;
    fan_out = std::make_shared<FanOut>(
        client_, clock_, std::move(plan),
        [weak = weak_from_this(), number](const FanOut& done) {
          if (const auto self = weak.lock()) self->NoteDone(number, done);
        });
    under_way_.emplace(number, fan_out);
  }
  if (view->is_over()) {
    fan_out->Refuse(Outcome::kRejected,
                    absl::FailedPreconditionError(absl::StrCat(
                        "cohort \"", view->name,
                        "\" begins nothing any more: ", view->why.message())));
  } else if (IsWaiting(*view)) {
    StartInBackground(BeginWhenWhole(fan_out));
  } else {
    fan_out->Begin(view);
  }
  return fan_out;
}

// Whoever is not there by then is lost.
Task<void> Operations::BeginWhenWhole(std::shared_ptr<FanOut> fan_out) {
  const std::shared_ptr<Roster> roster = roster_;
  const absl::Duration patience = fan_out->deadline() - clock_.Now();
  (co_await roster->Await([](const View& view) { return !IsWaiting(view); },
                          patience))
      .IgnoreError();
  fan_out->Begin(roster->view());
}

// Whoever awaits the operation goes on after this, and must not find somebody
// there who is lost according to its outcome.
void Operations::NoteDone(std::uint64_t number, const FanOut& fan_out) {
  const std::vector<FanOut::Part> parts = fan_out.parts();
  std::vector<std::pair<int, absl::Duration>> times;
  for (const FanOut::Part& part : parts) {
    // Whose time it was in a tree is not known.
    const bool is_timed =
        !fan_out.is_tree() &&
        (part.outcome == Outcome::kOk || part.outcome == Outcome::kLate);
    if (is_timed) times.emplace_back(part.rank, part.took);
  }
  roster_->DoQuietly([&](Membership& membership, absl::Time now) {
    for (const FanOut::Part& part : parts) {
      if (part.reply.origin != ReplyOrigin::kHere) {
        membership.Hear(part.instance, now);
      } else if (part.outcome == Outcome::kLost) {
        membership.Lose(part.instance, part.reply.status, now);
      }
    }
  });
  MutexLock lock(mutex_);
  scores_.Note(times);
  under_way_.erase(number);
}

void Operations::CancelAll(const absl::Status& why, const ViewPtr& view) {
  for (const auto& [number, fan_out] : UnderWay()) fan_out->Cancel(why, view);
}

std::map<std::uint64_t, std::shared_ptr<FanOut>> Operations::UnderWay() const {
  MutexLock lock(mutex_);
  return under_way_;
}

double Operations::StragglerScore(int rank) const {
  MutexLock lock(mutex_);
  return scores_.Of(rank);
}

void Operations::CountSerialised() {
  MutexLock lock(mutex_);
  ++serialised_;
}

std::uint64_t Operations::serialised() const {
  MutexLock lock(mutex_);
  return serialised_;
}

std::uint64_t Operations::begun() const {
  MutexLock lock(mutex_);
  return begun_;
}

}  // namespace am::cohort
