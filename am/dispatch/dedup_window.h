// DedupWindow: what became of calls that may come again, so that a handler runs
// at most once for each.
//
// A caller marks a call that it may repeat, and a repetition as such
// (am/WIRE.md, "Repeated calls"). The window notes such a call when it comes,
// and its reply when it ends:
//
//   unknown --Admit--> running --Finish--> ended, with its reply --> forgotten
//      ^                  |                                          (floor)
//      +------Forget------+
//
// Replies are kept for a while only: see DedupOptions. To forget one raises the
// floor of its sender to its id. Of the calls up to there it is not known any
// more whether they ran, and a repetition that the window does not know is too
// old. The floor is for repetitions alone: what comes for the first time may
// have been overtaken. Calls that run are never forgotten; limits on handlers
// bound them.
//
// Senders are bounded, too. To forget one raises the floor under all senders
// that are not known.
//
// Threads: any. Time is an argument and never goes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "am/codec.h"
#include "am/instance_id.h"
#include "am/manager_options.h"
#include "am/transport/buffer.h"
#include "am/transport/mutex.h"

namespace am {

class Sender;

class DedupWindow final {
 public:
  // A call of one incarnation.
  struct Call {
    InstanceId sender;
    std::uint64_t id = 0;
  };

  using Senders = std::vector<std::shared_ptr<Sender>>;

  // How it comes.
  struct Arrival {
    bool is_repeated = false;             // it was, perhaps, sent before
    bool is_idempotent = false;           // it may run twice without harm
    std::shared_ptr<Sender> sender = {};  // who is to hear of its end
  };

  // A reply as on the wire.
  struct CachedReply {
    std::uint8_t status = 0;
    std::string metadata;
    Codec codec = Codec::kRaw;
    transport::Buffer payload;

    std::size_t bytes() const { return metadata.size() + payload.size(); }
  };

  enum class Verdict : std::uint8_t {
    kRun,     // it has not run: it does now, and Finish or Forget must follow
    kJoin,    // it runs: the one reply will do
    kReplay,  // it ran: this was its reply
    kTooOld,  // it may have run: nothing is known of it any more
  };

  explicit DedupWindow(const DedupOptions& options) : options_(options) {}

  // Sets `reply` with kReplay. An idempotent call is never too old: it runs.
  Verdict Admit(const Call& call, const Arrival& arrival, absl::Time now,
                CachedReply& reply);

  // A call that runs has ended. A reply larger than all that may be kept is
  // forgotten at once. Returns who is to hear of it: whoever sent the call,
  // each once, though it came by several ways.
  Senders Finish(const Call& call, CachedReply reply, absl::Time now);

  // A call that was to run will not, or may run again: it is unknown again.
  // Returns likewise.
  Senders Forget(const Call& call);

  // Replies kept, and their bytes; calls that run; senders known.
  std::size_t replies() const;
  std::size_t bytes() const;
  std::size_t running() const;
  std::size_t senders() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // sender, id

  struct Entry {
    bool has_ended = false;
    absl::Time ended_at;
    CachedReply reply;
    Senders senders;  // until it has ended
  };
  struct SenderCalls {
    std::uint64_t floor = 0;
    std::size_t entries = 0;
    std::list<std::uint64_t>::iterator idle;  // if it has no entries
  };

  static Key KeyOf(const Call& call) { return {call.sender.value(), call.id}; }
  std::uint64_t FloorOf(std::uint64_t sender) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteEntry(std::uint64_t sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const Key& key, std::uint64_t floor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Evict(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EvictSenders() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const DedupOptions options_;

  mutable Mutex mutex_;
  absl::flat_hash_map<Key, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<Key> ended_ ABSL_GUARDED_BY(mutex_);  // oldest first
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::uint64_t, SenderCalls> senders_
      ABSL_GUARDED_BY(mutex_);
  std::list<std::uint64_t> idle_ ABSL_GUARDED_BY(mutex_);  // longest first
  std::uint64_t floor_ ABSL_GUARDED_BY(mutex_) = 0;        // of unknown senders
};

}  // namespace am
