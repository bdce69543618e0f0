// Peer: another instance, as this one knows it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "am/instance_id.h"
#include "am/link/link.h"
#include "am/peer/sender.h"
#include "am/peer_event.h"
#include "am/peer_info.h"
#include "am/transport/mutex.h"

namespace am {

// Threads: any.
class Peer final : public Sender {
 public:
  Peer(InstanceId id, std::shared_ptr<Link> link)
      : Sender(id), link_(std::move(link)) {}

  Link& link() const { return *link_; }

  // Changed through PeerTable::SetState, which tells of it.
  PeerState state() const { return state_.load(); }
  PeerState exchange_state(PeerState state) { return state_.exchange(state); }

  PeerInfo info() const {
    MutexLock lock(mutex_);
    return info_;
  }
  void set_info(PeerInfo info) {
    MutexLock lock(mutex_);
    info_ = std::move(info);
  }

  // Why memory is not shared with it, though it could be; empty: it is, or one
  // of us does not do that.
  std::string detour() const {
    MutexLock lock(mutex_);
    return detour_;
  }
  void set_detour(std::string why) {
    MutexLock lock(mutex_);
    detour_ = std::move(why);
  }

  // Memory that was shared with it broke, though it lives: once is enough.
  void SpoilMemory(std::string why) {
    MutexLock lock(mutex_);
    detour_ = std::move(why);
    memory_was_spoilt_ = true;
  }
  bool memory_was_spoilt() const {
    MutexLock lock(mutex_);
    return memory_was_spoilt_;
  }

  void Reply(const MessageHeader& header, absl::string_view metadata,
             const Payload& value) override;
  void Account(const absl::Status& outcome) override;

  // Whether to try to connect to it again, if the last try is so long ago that
  // one more costs nothing.
  bool MayApproach(absl::Time now);

  // It has said that it is draining, which it never takes back.
  std::atomic<bool> is_draining = false;

  // When it was last asked for a sign of life, by which PING, and how often
  // that was sent. Of the holder of the receiving role alone.
  absl::Time asked_at = absl::InfinitePast();
  std::uint64_t ping = 0;
  int asks = 0;

  // Whether it was asked and has given none since. Of the same.
  bool owes_sign() const { return asked_at > link_->proved_at(); }

 private:
  const std::shared_ptr<Link> link_;
  std::atomic<PeerState> state_ = PeerState::kConnecting;
  mutable Mutex mutex_;
  PeerInfo info_ ABSL_GUARDED_BY(mutex_);
  std::string detour_ ABSL_GUARDED_BY(mutex_);
  bool memory_was_spoilt_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_approach_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace am
