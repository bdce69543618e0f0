#include "am/control/registry_hub.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "am/instance_id.h"

namespace am::control {
namespace {

std::uint64_t RandomNumber() { return InstanceId::Random().value(); }

// The one use of the calendar: epochs of one start of a registry are above
// those of the starts before, of which it remembers nothing. Should the
// calendar be set back, instances that register again bring theirs along.
std::uint64_t FirstEpoch() {
  return static_cast<std::uint64_t>(absl::ToUnixMicros(absl::Now()));
}

}  // namespace

RegistryHub::RegistryHub(const RegistryOptions& options)
    : generation_(RandomNumber()),
      page_tokens_({RandomNumber(), RandomNumber()}),
      state_(options, FirstEpoch(), RandomNumber()),
      ticker_([this] { EndLeases(); }) {}

RegistryHub::~RegistryHub() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  ticker_.join();
}

void RegistryHub::AddWatcher(ViewWatcher& watcher) {
  MutexLock lock(watchers_mutex_);
  watchers_.insert(&watcher);
}

void RegistryHub::RemoveWatcher(ViewWatcher& watcher) {
  MutexLock lock(watchers_mutex_);
  watchers_.erase(&watcher);
}

void RegistryHub::TellWatchers() {
  MutexLock lock(watchers_mutex_);
  const std::uint64_t revision =
      Read([](const RegistryView& view) { return view.revision(); });
  if (std::exchange(told_, revision) == revision) return;
  for (ViewWatcher* const watcher : watchers_) watcher->OnChange();
}

void RegistryHub::EndLeases() {
  constexpr absl::Duration kTick = absl::Milliseconds(500);
  for (;;) {
    const absl::Time next = Change(
        [](RegistryState& state, absl::Time now) { return state.Expire(now); });
    MutexLock lock(mutex_);
    if (stopping_) return;
    stopped_.WaitFor(mutex_, std::min(next - clock_.Now(), kTick));
    if (stopping_) return;
  }
}

}  // namespace am::control
