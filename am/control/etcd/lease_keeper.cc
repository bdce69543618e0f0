#include "am/control/etcd/lease_keeper.h"

#include <string>

namespace am::control {

// gRPC runs no callback within the calls that are made under the lock.
void LeaseKeeper::Keep(std::int64_t lease, OnKept on_kept) {
  MutexLock lock(mutex_);
  waiting_[lease].push_back(std::move(on_kept));
  if (!std::exchange(is_open_, true)) Start();
  calls_.SendKeepAlive(lease);
}

void LeaseKeeper::Start() {
  calls_.StartKeepAlive(
      [this](etcdserverpb::LeaseKeepAliveResponse& answer) {
        OnAnswer(answer);
      },
      [this](const absl::Status& status) { OnEnd(status); });
}

void LeaseKeeper::OnAnswer(const etcdserverpb::LeaseKeepAliveResponse& answer) {
  OnKept on_kept;
  {
    MutexLock lock(mutex_);
    const auto place = waiting_.find(answer.id());
    if (place == waiting_.end()) return;
    on_kept = std::move(place->second.front());
    place->second.pop_front();
    if (place->second.empty()) waiting_.erase(place);
  }
  on_kept(absl::Seconds(answer.ttl()));
}

void LeaseKeeper::OnEnd(const absl::Status& status) {
  std::map<std::int64_t, std::deque<OnKept>> unanswered;
  {
    MutexLock lock(mutex_);
    is_open_ = false;
    unanswered.swap(waiting_);
  }
  const absl::Status why =
      absl::UnavailableError("etcd: " + std::string(status.message()));
  for (auto& [lease, callbacks] : unanswered) {
    for (const OnKept& on_kept : callbacks) on_kept(why);
  }
}

}  // namespace am::control
