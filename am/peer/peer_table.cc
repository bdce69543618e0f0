#include "am/peer/peer_table.h"

#include <algorithm>
#include <utility>

namespace am {
namespace {

constexpr std::size_t kLostRemembered = 1000;

// Peers are looked at together, no oftener than this.
constexpr absl::Duration kCheckStep = absl::Milliseconds(20);

// How often a peer is asked for a sign of life within the timeout.
constexpr int kAsks = 4;

void Ask(Peer& peer, absl::Time now) {
  if (!peer.owes_sign()) {
    peer.asked_at = now;
    peer.asks = 0;
    ++peer.ping;
  }
  ++peer.asks;
  peer.link().SendControl(MessageKind::kPing, peer.ping, Payload());
}

}  // namespace

PeerTable::PeerTable(PeerInfo self, const LinkOptions& options, Driver& driver,
                     const Clock& clock, Link::OnRoom on_room)
    : self_(std::move(self)),
      options_(options),
      driver_(driver),
      clock_(clock),
      on_room_(std::move(on_room)) {}

void PeerTable::SetControlAddress(std::string address) {
  MutexLock lock(mutex_);
  control_address_ = std::move(address);
}

PeerInfo PeerTable::introduction() const {
  PeerInfo info = self_;
  MutexLock lock(mutex_);
  info.control_address = control_address_;
  return info;
}

std::shared_ptr<Peer> PeerTable::Find(InstanceId peer) const {
  MutexLock lock(mutex_);
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : found->second;
}

std::shared_ptr<Peer> PeerTable::FindOrAdd(InstanceId id) {
  MutexLock lock(mutex_);
  std::shared_ptr<Peer>& peer = peers_[id];
  if (peer == nullptr) {
    peer = std::make_shared<Peer>(
        id, std::make_shared<Link>(options_, self_.id, id, driver_, clock_,
                                   on_room_));
  }
  return peer;
}

bool PeerTable::SetState(Peer& peer, PeerState state, absl::Status why) {
  MutexLock lock(states_mutex_);  // Events are in the order of the changes.
  if (peer.exchange_state(state) == state) return false;
  if (listeners_.Note({peer.info(), state, std::move(why), peer.detour()})) {
    driver_.RunQuick([this] { listeners_.Tell(); });
  }
  return true;
}

bool PeerTable::NoteLost(Peer& peer, absl::Status why) {
  peer.link().Lose();
  if (!SetState(peer, PeerState::kLost, std::move(why))) return false;
  MutexLock lock(mutex_);
  std::erase(lost_, peer.id());  // It may have been lost before.
  lost_.push_back(peer.id());
  if (lost_.size() <= kLostRemembered) return true;
  const auto oldest = peers_.find(lost_.front());
  lost_.pop_front();
  if (oldest != peers_.end() && oldest->second->state() == PeerState::kLost) {
    peers_.erase(oldest);
  }
  return true;
}

std::vector<std::shared_ptr<Peer>> PeerTable::List() const {
  std::vector<std::shared_ptr<Peer>> peers;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, peer] : peers_) peers.push_back(peer);
  }
  std::sort(peers.begin(), peers.end(),
            [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return peers;
}

void PeerTable::Announce(MessageKind kind) {
  if (kind == MessageKind::kDraining) draining_ = true;
  for (const auto& peer : List()) peer->link().SendControl(kind, 0, Payload());
}

void PeerTable::GreetJoined(Peer& peer) {
  if (!draining_) return;
  peer.link().SendControl(MessageKind::kDraining, 0, Payload());
}

void PeerTable::TellCounts() {
  for (const auto& peer : List()) peer->link().SendOwedCounts();
}

void PeerTable::NoteOwes() {
  if (owes_.load(std::memory_order_relaxed) || owes_.exchange(true)) return;
  driver_.WakeAt(clock_.Now() + options_.count_delay);
}

void PeerTable::NoteJoined() {
  if (options_.heartbeat_interval <= absl::ZeroDuration()) return;
  const absl::Time check = clock_.Now() + options_.heartbeat_interval;
  {
    MutexLock lock(mutex_);
    next_check_ = std::min(next_check_, check);
  }
  driver_.WakeAt(check);
}

absl::Time PeerTable::OnTick(absl::Time now,
                             std::vector<std::shared_ptr<Peer>>& silent) {
  if (owes_.exchange(false)) TellCounts();
  {
    MutexLock lock(mutex_);
    if (now < next_check_) return next_check_;
    next_check_ = absl::InfiniteFuture();
  }
  const absl::Time next = std::max(CheckSilence(now, silent),
                                   now + std::min(kCheckStep, AskAgainAfter()));
  MutexLock lock(mutex_);
  next_check_ = std::min(next_check_, next);
  return next_check_;
}

absl::Duration PeerTable::AskAgainAfter() const {
  return options_.heartbeat_timeout / kAsks;
}

// A peer is lost only if it was asked several times and did not answer: one
// frame may be lost on the way, and that we come late ourselves proves nothing.
absl::Time PeerTable::CheckSilence(absl::Time now,
                                   std::vector<std::shared_ptr<Peer>>& silent) {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& peer : List()) {
    // An attempt to connect has a deadline of its own.
    if (!peer->link().is_connected()) continue;
    if (now >= Due(*peer)) {
      if (peer->link().session() == 0 ||
          (peer->owes_sign() && peer->asks == kAsks)) {
        silent.push_back(peer);
        continue;
      }
      Ask(*peer, now);
    }
    next = std::min(next, Due(*peer));
  }
  return next;
}

// When there is something to do about a peer's silence: to ask it, once more
// or, if it was asked often enough or cannot be, to end the wait.
absl::Time PeerTable::Due(const Peer& peer) const {
  const bool owes = peer.owes_sign();
  const absl::Time ask_at =
      owes ? peer.asked_at
           : peer.link().proved_at() + options_.heartbeat_interval;
  if (peer.link().session() == 0) return ask_at + options_.heartbeat_timeout;
  return owes ? ask_at + peer.asks * AskAgainAfter() : ask_at;
}

bool PeerTable::All(bool (Link::*is)() const) const {
  const auto peers = List();
  return std::all_of(peers.begin(), peers.end(),
                     [is](const auto& peer) { return (peer->link().*is)(); });
}

bool PeerTable::Flushed() const { return All(&Link::Flushed); }

bool PeerTable::Settled() const { return All(&Link::Settled); }

}  // namespace am
