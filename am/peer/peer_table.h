// PeerTable: the instances that this one knows.
//
// A peer is known from its first HELLO, or ours to it. The last thousand that
// were lost are remembered, since their ledgers still count.
//
// Threads: any.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "am/clock.h"
#include "am/driver/driver.h"
#include "am/instance_id.h"
#include "am/listeners.h"
#include "am/manager_options.h"
#include "am/peer/peer.h"
#include "am/peer_info.h"
#include "am/transport/mutex.h"
#include "am/wire/wire.h"

namespace am {

class PeerTable final {
 public:
  // `self` is who we are. All must outlive the table.
  PeerTable(PeerInfo self, const LinkOptions& options, Driver& driver,
            const Clock& clock, Link::OnRoom on_room);

  // Without the address of a gRPC server.
  const PeerInfo& self() const { return self_; }

  // As we introduce ourselves to others from now on.
  void SetControlAddress(std::string address);
  PeerInfo introduction() const;

  // Null if it is not known.
  std::shared_ptr<Peer> Find(InstanceId peer) const;
  std::shared_ptr<Peer> FindOrAdd(InstanceId peer);

  // Says how a peer is seen from now on, and tells the listeners. False: it was
  // so already.
  bool SetState(Peer& peer, PeerState state, absl::Status why = {});

  // Ends its link, sets its state, and forgets whom we lost longest ago. False:
  // it was lost already.
  bool NoteLost(Peer& peer, absl::Status why);

  // `listener` hears of all changes from now on.
  void AddListener(PeerListener listener) {
    listeners_.Add(std::move(listener));
  }

  // All that are known, lost ones too, in order of their ids.
  std::vector<std::shared_ptr<Peer>> List() const;

  // Tells everyone. `kind` is DRAINING, which those hear as well whose session
  // begins later, or GOODBYE.
  void Announce(MessageKind kind);

  // A session with `peer` has just begun: tells it what it may have missed.
  void GreetJoined(Peer& peer);

  // Sends the counts that are owed to anyone.
  void TellCounts();

  // Some link owes counts: has them sent by an OnTick after
  // LinkOptions::count_delay.
  void NoteOwes();

  // A session with `peer` began: its heartbeats are watched from now on.
  void NoteJoined();

  // Sends owed counts, asks silent peers for a sign of life and appends those
  // that did not give one in time. Returns when to come again. Only the holder
  // of the receiving role.
  absl::Time OnTick(absl::Time now, std::vector<std::shared_ptr<Peer>>& silent);

  // Whether all that was sent to anyone has left; and was counted.
  bool Flushed() const;
  bool Settled() const;

 private:
  bool All(bool (Link::*is)() const) const;
  absl::Time Due(const Peer& peer) const;
  absl::Time CheckSilence(absl::Time now,
                          std::vector<std::shared_ptr<Peer>>& silent);
  absl::Duration AskAgainAfter() const;

  const PeerInfo self_;
  const LinkOptions& options_;
  Driver& driver_;
  const Clock& clock_;
  const Link::OnRoom on_room_;
  std::atomic<bool> owes_ = false;
  std::atomic<bool> draining_ = false;

  mutable Mutex mutex_;
  absl::flat_hash_map<InstanceId, std::shared_ptr<Peer>> peers_
      ABSL_GUARDED_BY(mutex_);
  std::string control_address_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_check_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::deque<InstanceId> lost_ ABSL_GUARDED_BY(mutex_);  // oldest first

  Mutex states_mutex_;
  Listeners<PeerEvent> listeners_;
};

}  // namespace am
