// HandlerTable: the handlers that one instance has, by id and by name.
//
// Threads: any. Events are told one after another, in order, on the thread
// that registers or deregisters, with no lock held that a handler could need.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "am/dispatch/gate.h"
#include "am/handler.h"
#include "am/instance_id.h"
#include "am/transport/mutex.h"

namespace am {

// A handler as registered. Shared by whoever runs it, so that deregistering
// never pulls it away from under a call.
class HandlerEntry {
 public:
  HandlerEntry(std::string name, HandlerBinding binding);

  const MethodSpec& spec() const { return spec_; }
  Handler& handler() const { return *handler_; }

  // Admits `max_concurrency` at once; null without a limit.
  const std::shared_ptr<Gate>& gate() const { return gate_; }

  // Whether it has proved to run for less than `limit`, on average over the
  // last runs and at all its recent ones. A new handler has proved nothing.
  bool IsQuick(absl::Duration limit) const;
  void NoteRun(absl::Duration time);

  // Whether the run that begins now is one to be timed. Of a handler that has
  // proved quick that is one in eight, since looking at the clock twice would
  // take a fifth of the time of a message.
  bool IsTimed(absl::Duration limit);

  // How many of its invocations run, and since when there have been any: with
  // one at a time, since when that one runs.
  int running() const { return running_.load(std::memory_order_relaxed); }
  absl::Time busy_since() const {
    return absl::UnixEpoch() +
           absl::Nanoseconds(busy_since_ns_.load(std::memory_order_relaxed));
  }
  void NoteBegun(absl::Time now);
  void NoteEnded() { running_.fetch_sub(1, std::memory_order_relaxed); }

  // Whether it has been seen to call others while it runs. From then on each of
  // its calls can be cancelled alone, and its own calls with it.
  std::atomic<bool> makes_calls = false;

 private:
  const std::string name_;
  const std::string input_type_;
  const std::string output_type_;
  const MethodSpec spec_;
  const std::unique_ptr<Handler> handler_;
  const std::shared_ptr<Gate> gate_;
  std::atomic<std::int64_t> mean_ns_ = 0;
  std::atomic<std::uint32_t> runs_ = 0;
  std::atomic<std::uint32_t> begun_ = 0;
  std::atomic<int> running_ = 0;
  std::atomic<std::int64_t> busy_since_ns_ = 0;
};

struct HandlerEvent {
  enum class Kind : std::uint8_t { kRegistered, kDeregistered };
  Kind kind;
  std::string name;  // full
};

class HandlerTable {
 public:
  using Listener = std::function<void(const HandlerEvent&)>;
  using Hash = std::uint64_t (*)(absl::string_view);

  // Whether a message with metadata may run, by its sender and the metadata as
  // on the wire. Asked right before its handler would, on that thread, under no
  // lock; it must not block. Not OK: that is the answer.
  using Admission =
      std::function<absl::Status(InstanceId sender, absl::string_view)>;

  // `hash` is HandlerId but in tests of collisions.
  explicit HandlerTable(Hash hash = &HandlerId) : hash_(hash) {}

  // INVALID_ARGUMENT: not a name. ALREADY_EXISTS: the name is taken, or its id
  // is that of another name. All bindings are added, or none.
  absl::Status Add(std::vector<HandlerBinding> bindings);

  // NOT_FOUND: no such handler. Calls under way run on to their end.
  absl::Status Remove(absl::string_view full_name);

  // Null if there is none.
  std::shared_ptr<HandlerEntry> Find(std::uint64_t id) const;
  std::shared_ptr<HandlerEntry> FindByName(absl::string_view full_name) const;
  bool Has(absl::string_view full_name) const;

  // In order of their names.
  std::vector<std::shared_ptr<HandlerEntry>> List() const;

  // `listener` hears of every change from now on, until removed by its number.
  int AddListener(Listener listener);
  void RemoveListener(int number);

  // One at a time; null: whatever comes may run.
  void SetAdmission(Admission admission);
  absl::Status Admit(InstanceId sender, absl::string_view metadata) const;

 private:
  absl::Status Check(const MethodSpec& spec) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(HandlerEvent::Kind kind, const std::vector<std::string>& names)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(events_mutex_);

  const Hash hash_;
  Mutex events_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // orders changes
  std::map<int, Listener> listeners_ ABSL_GUARDED_BY(events_mutex_);
  int next_listener_ ABSL_GUARDED_BY(events_mutex_) = 0;

  mutable Mutex mutex_;
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<HandlerEntry>> by_id_
      ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Admission> admission_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
