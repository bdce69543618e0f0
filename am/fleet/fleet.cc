#include "am/fleet/fleet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/handler_id.h"
#include "am/v1/node.pb.h"

namespace am {
namespace {

bool HasLabels(const InstanceRecord& instance, const AnyInstance& any) {
  return std::includes(instance.labels.begin(), instance.labels.end(),
                       any.labels().begin(), any.labels().end());
}

Reply Found(const std::string& handler) {
  v1::AwaitHandlerResponse response;
  response.set_name(handler);
  response.set_available(true);
  return {absl::OkStatus(), Codec::kProtobuf,
          transport::Buffer(response.SerializeAsString())};
}

}  // namespace

// -- Choosing ----------------------------------------------------------------

absl::StatusOr<InstanceRecordPtr> Fleet::Choose(const AnyInstance& any,
                                                absl::string_view full_name,
                                                InstanceId except) {
  const std::string handler = any.handler().empty()
                                  ? std::string(full_name)
                                  : FullHandlerName(any.handler());
  MutexLock lock(mutex_);
  const std::vector<InstanceRecordPtr> candidates =
      Candidates(any, handler, except);
  if (candidates.empty()) {
    return absl::UnavailableError(absl::StrCat(
        "no serving instance", any.labels().empty() ? "" : " with these labels",
        " is known to have ", handler, ", of ", by_id_.size(), " instances",
        stale_ ? "; the directory cannot be reached" : ""));
  }
  return candidates[Pick(any, candidates)];
}

// Those that are not draining; only if there are no others we ourselves, and
// only then those that we lost.
std::vector<InstanceRecordPtr> Fleet::Candidates(const AnyInstance& any,
                                                 const std::string& handler,
                                                 InstanceId except) const {
  std::vector<InstanceRecordPtr> good;
  std::vector<InstanceRecordPtr> lost;
  std::vector<InstanceRecordPtr> ourselves;
  const auto ids = by_handler_.find(handler);
  if (ids == by_handler_.end()) return good;
  for (const InstanceId id : ids->second) {
    const InstanceRecordPtr& instance = by_id_.at(id);
    if (instance->draining || id == except) continue;
    if (!HasLabels(*instance, any)) continue;
    if (id == peers_.self().id) {
      ourselves.push_back(instance);
      continue;
    }
    const std::shared_ptr<Peer> peer = peers_.Find(id);
    const bool is_good = peer == nullptr ||
                         peer->state() == PeerState::kJoined ||
                         peer->state() == PeerState::kConnecting;
    (is_good ? good : lost).push_back(instance);
  }
  if (!good.empty()) return good;
  return ourselves.empty() ? lost : ourselves;
}

std::size_t Fleet::Pick(const AnyInstance& any,
                        const std::vector<InstanceRecordPtr>& candidates) {
  const std::size_t at_random = random_() % candidates.size();
  switch (any.choice()) {
    case AnyInstance::Choice::kRandom:
      break;
    case AnyInstance::Choice::kRoundRobin:
      return any.NextTurn() % candidates.size();
    case AnyInstance::Choice::kLeastOutstanding: {
      std::size_t best = at_random;
      std::size_t fewest = calls_.CountTo(candidates[best]->peer.id);
      for (std::size_t i = 0; i < candidates.size() && fewest > 0; ++i) {
        const std::size_t count = calls_.CountTo(candidates[i]->peer.id);
        if (count >= fewest) continue;
        best = i;
        fewest = count;
      }
      return best;
    }
  }
  return at_random;
}

// -- What is known -----------------------------------------------------------

InstanceRecordPtr Fleet::Find(InstanceId id) const {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<InstanceRecordPtr> Fleet::List() const {
  MutexLock lock(mutex_);
  std::vector<InstanceRecordPtr> all;
  for (const auto& [id, instance] : by_id_) all.push_back(instance);
  return all;
}

std::uint64_t Fleet::outstanding() const {
  return static_cast<std::uint64_t>(std::max(dispatcher_.active(), 0));
}

bool Fleet::is_stale() const {
  MutexLock lock(mutex_);
  return stale_;
}

std::shared_ptr<PendingCall> Fleet::AwaitHandler(const std::string& full_name,
                                                 absl::Time deadline) {
  const auto call = calls_.Begin(InstanceId(), deadline);
  awaited_.Add(full_name, call->id);
  FinishAwaited();
  return call;
}

// Ends who waited for what is known by now.
void Fleet::FinishAwaited() {
  std::vector<AwaitedNames::Awaited> found;
  {
    MutexLock lock(mutex_);
    found = awaited_.Take([this](const std::string& name) {
      mutex_.AssertHeld();
      return by_handler_.contains(name);
    });
  }
  for (const auto& [handler, id] : found) {
    calls_.Finish(id, InstanceId(), Found(handler));
  }
}

void Fleet::OnInstances(std::vector<InstanceRecord> all) {
  {
    MutexLock lock(mutex_);
    std::set<InstanceId> gone;
    for (const auto& [id, instance] : by_id_) gone.insert(id);
    for (InstanceRecord& instance : all) {
      gone.erase(instance.peer.id);
      Put(std::move(instance));
    }
    for (const InstanceId id : gone) {
      Remove(id, "not in the directory any more");
    }
    SetStale(false, "");
  }
  Tell();
}

void Fleet::OnInstance(InstanceRecord instance) {
  {
    MutexLock lock(mutex_);
    Put(std::move(instance));
  }
  Tell();
}

void Fleet::OnGone(InstanceId instance, const std::string& why) {
  {
    MutexLock lock(mutex_);
    Remove(instance, why);
  }
  Tell();
}

void Fleet::OnStale(const std::string& why) {
  {
    MutexLock lock(mutex_);
    SetStale(true, why);
  }
  Tell();
}

void Fleet::OnCurrent() {
  {
    MutexLock lock(mutex_);
    SetStale(false, "");
  }
  Tell();
}

void Fleet::Put(InstanceRecord instance) {
  const InstanceId id = instance.peer.id;
  InstanceRecordPtr& place = by_id_[id];
  const bool is_new = place == nullptr;
  if (!is_new && *place == instance) return;
  if (!is_new) Unindex(*place);
  for (const HandlerRecord& handler : instance.handlers) {
    by_handler_[handler.name].insert(id);
  }
  place = std::make_shared<const InstanceRecord>(std::move(instance));
  Note(is_new ? InstanceEvent::Kind::kAppeared : InstanceEvent::Kind::kChanged,
       place, "");
}

void Fleet::Remove(InstanceId id, const std::string& why) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  InstanceRecordPtr instance = std::move(found->second);
  by_id_.erase(found);
  Unindex(*instance);
  Note(InstanceEvent::Kind::kGone, std::move(instance), why);
}

void Fleet::Unindex(const InstanceRecord& instance) {
  for (const HandlerRecord& handler : instance.handlers) {
    const auto ids = by_handler_.find(handler.name);
    if (ids == by_handler_.end()) continue;
    ids->second.erase(instance.peer.id);
    if (ids->second.empty()) by_handler_.erase(ids);
  }
}

void Fleet::SetStale(bool stale, const std::string& why) {
  if (std::exchange(stale_, stale) == stale) return;
  Note(stale ? InstanceEvent::Kind::kStale : InstanceEvent::Kind::kCurrent,
       nullptr, why);
}

void Fleet::Note(InstanceEvent::Kind kind, InstanceRecordPtr instance,
                 const std::string& why) {
  listeners_.Note({kind, std::move(instance), why});
}

void Fleet::Tell() {
  FinishAwaited();
  listeners_.Tell();
}

}  // namespace am
