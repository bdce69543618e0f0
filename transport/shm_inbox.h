// ShmInbox: the reading ends of rings.
//
// Whoever receives looks at the rings that have been written to of late, for a
// while if that pays (transport/look.h). Before it sleeps it says so in each of
// them, and then waits (epoll) for a writer's signal, for a hang-up, or for
// another ring to be offered. It has no thread.
//
// A ring is read until it is empty, also when its writer is gone; what was half
// written then is dropped. A ring that makes no sense is closed and counted: it
// harms nobody but its writer. Whoever connects while no descriptors are left
// is hung up on at once, for which one is kept.
//
// Threads: as Inbox says; Listen counts as a Receive. broken_rings is for any
// thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/blocks.h"
#include "am/transport/descriptors.h"
#include "am/transport/epoll_set.h"
#include "am/transport/frame_stream.h"
#include "am/transport/look.h"
#include "am/transport/transport.h"

namespace am::transport {

class ShmInbox final : public Inbox {
 public:
  // RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<std::unique_ptr<ShmInbox>> Make(
      const StreamLimits& limits, absl::Duration look,
      absl::Duration look_at_other);

  ~ShmInbox() override;

  // Takes the rings that are offered on a socket that listens.
  void Listen(Descriptor listener);

  // Receives from `other` as well, which has a descriptor and outlives this. To
  // be called again after the other has listened on something.
  void Join(Inbox& other);

  std::size_t Receive(absl::Duration timeout, std::size_t limit,
                      std::vector<InboundFrame>& burst) override;
  void Interrupt() override;

  std::uint64_t broken_rings() const { return broken_rings_; }

 private:
  struct Ring;
  using RingPtr = std::unique_ptr<Ring>;

  ShmInbox(const StreamLimits& limits, absl::Duration look,
           absl::Duration look_at_other, EpollSet waited,
           EventDescriptor interrupts, EventDescriptor spare);

  std::size_t Take(std::size_t limit, std::vector<InboundFrame>& burst);
  std::size_t TakeFrom(Ring& ring, std::size_t limit,
                       std::vector<InboundFrame>& burst);
  std::size_t TakeFromOther(std::size_t limit,
                            std::vector<InboundFrame>& burst);
  bool Await(absl::Duration left);
  bool HasNews(bool& interrupted);
  bool RingsHaveMore() const;
  bool PrepareToSleep();
  std::size_t Wait(absl::Duration timeout, bool& interrupted);
  void Handle(std::uint64_t tag);
  void Accept(const Descriptor& listener);
  bool TurnAway(const Descriptor& listener);
  void Greet(Ring& ring);
  void Wake(Ring& ring);
  void Close(std::uint64_t id);

  const StreamLimits limits_;
  const absl::Duration most_looking_;
  const absl::Duration most_looking_at_other_;
  SpareBlocks blocks_;
  const EpollSet waited_;
  const EventDescriptor interrupts_;
  std::atomic<std::uint64_t> broken_rings_ = 0;
  std::optional<EventDescriptor> spare_;  // its descriptor is what counts

  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Descriptor> listeners_;
  std::map<std::uint64_t, RingPtr> rings_;
  // Those that are looked at; the others signal.
  std::vector<Ring*> awake_;
  std::size_t turn_ = 0;  // who of them is first
  unsigned receives_ = 0;
  unsigned looks_ = 0;
  Look look_;

  Inbox* other_ = nullptr;
  bool other_may_have_some_ = false;
};

}  // namespace am::transport
