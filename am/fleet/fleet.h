// Fleet: the instances that the directory tells of, and the choice among them.
//
// It keeps what it was told last: while the directory cannot be reached, that
// is stale, and used.
//
// Threads: any. Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/any_instance.h"
#include "am/call/call_table.h"
#include "am/directory.h"
#include "am/dispatch/dispatcher.h"
#include "am/fleet/awaited_names.h"
#include "am/listeners.h"
#include "am/peer/peer_table.h"
#include "am/transport/mutex.h"

namespace am {

class Fleet final : public DirectorySink {
 public:
  // All must outlive it.
  Fleet(const PeerTable& peers, CallTable& calls, const Dispatcher& dispatcher)
      : peers_(peers),
        calls_(calls),
        dispatcher_(dispatcher),
        random_(peers.self().id.value()),
        awaited_(calls) {}

  // Whom a message to `full_name` goes to, other than `except`. UNAVAILABLE:
  // nobody is known.
  absl::StatusOr<InstanceRecordPtr> Choose(const AnyInstance& any,
                                           absl::string_view full_name,
                                           InstanceId except = InstanceId());

  // A call that is done once somebody is known to have the handler; its reply
  // is an am.v1.AwaitHandlerResponse.
  std::shared_ptr<PendingCall> AwaitHandler(const std::string& full_name,
                                            absl::Time deadline);

  // Null if it is not known.
  InstanceRecordPtr Find(InstanceId id) const;

  // All, in order of their ids.
  std::vector<InstanceRecordPtr> List() const;
  bool is_stale() const;

  // `listener` hears of all changes from now on.
  void AddListener(InstanceListener listener) {
    listeners_.Add(std::move(listener));
  }

  void OnInstances(std::vector<InstanceRecord> all) override;
  void OnInstance(InstanceRecord instance) override;
  void OnGone(InstanceId instance, const std::string& why) override;
  void OnStale(const std::string& why) override;
  void OnCurrent() override;
  std::uint64_t outstanding() const override;

 private:
  void Put(InstanceRecord instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(InstanceId id, const std::string& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unindex(const InstanceRecord& instance)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Note(InstanceEvent::Kind kind, InstanceRecordPtr instance,
            const std::string& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetStale(bool stale, const std::string& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<InstanceRecordPtr> Candidates(const AnyInstance& any,
                                            const std::string& handler,
                                            InstanceId except) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t Pick(const AnyInstance& any,
                   const std::vector<InstanceRecordPtr>& candidates)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell();
  void FinishAwaited();

  const PeerTable& peers_;
  CallTable& calls_;
  const Dispatcher& dispatcher_;

  mutable Mutex mutex_;
  std::map<InstanceId, InstanceRecordPtr> by_id_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::set<InstanceId>> by_handler_
      ABSL_GUARDED_BY(mutex_);
  bool stale_ ABSL_GUARDED_BY(mutex_) = true;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  AwaitedNames awaited_;
  Listeners<InstanceEvent> listeners_;
};

}  // namespace am
