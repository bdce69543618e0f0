#include "am/cohort/roster.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace am::cohort {

Roster::Roster(Client client, const Clock& clock, const CohortOptions& options)
    : client_(client),
      clock_(clock),
      membership_(options, client.instance_id().value()),
      view_(std::make_shared<const View>(membership_.view())) {}

ViewPtr Roster::view() const {
  MutexLock lock(mutex_);
  return view_;
}

bool Roster::Apply(absl::FunctionRef<void(Membership&, absl::Time now)> event) {
  std::vector<Promise> ready;
  {
    MutexLock lock(mutex_);
    event(membership_, clock_.Now());
    if (membership_.view().epoch == view_->epoch) return false;
    view_ = std::make_shared<const View>(membership_.view());
    ready = waiting_.Take(*view_);
    listeners_.Note(view_);
  }
  for (const Promise& promise : ready) promise.Finish();
  return true;
}

void Roster::Do(absl::FunctionRef<void(Membership&, absl::Time now)> event) {
  if (Apply(event)) listeners_.Tell();
}

void Roster::DoQuietly(
    absl::FunctionRef<void(Membership&, absl::Time now)> event) {
  if (!Apply(event)) return;
  const Promise soon(client_, absl::Hours(1));
  soon.future().OnDone([self = shared_from_this()](const absl::Status&) {
    self->listeners_.Tell();
  });
  soon.Finish();
}

void Roster::AddListener(Listeners<ViewPtr>::Listener listener) {
  listeners_.Add(std::move(listener));
}

Future<void> Roster::Await(Waiting<View>::Condition condition,
                           absl::Duration timeout) {
  MutexLock lock(mutex_);
  return waiting_.Await(client_, *view_, std::move(condition), timeout);
}

std::string MissingText(const View& view) {
  return absl::StrCat(view.active(), " of ", view.size(),
                      " workers have joined; missing ranks ",
                      absl::StrJoin(view.Missing(), ", "));
}

}  // namespace am::cohort
