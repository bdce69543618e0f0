// Faulty transport: another transport, with faults decided by a seed.
//
//   am::transport::FaultyTransport faulty(network.MakeTransport(),
//                                         {.seed = 7, .drop = 0.01}, now);
//   faulty.Cut(Address::InProcess("bob"), CutKind::kSilent);
//   ...
//   faulty.Heal(Address::InProcess("bob"));
//
// Faults befall frames on their way out, once the lane has taken them; for a
// cut in both directions cut at both ends. Each lane draws from a sequence of
// its own, made of the seed and of how many lanes were opened before, so that
// what befalls one lane does not depend on what is sent on others.
//
//   drop       it never arrives
//   duplicate  it arrives twice, one after the other
//   delay      it and what follows it on its lane arrive later, by a time drawn
//              from [delay_min, delay_max]
//   reorder    frames of other lanes overtake it: it and what follows it on its
//              lane wait until a frame of another lane is sent, for delay_max
//              at the most
//
// Frames of one lane keep their order under all of these.
//
// Time is `now`, which any thread may call. Frames that wait are sent on by
// Receive, which also wakes up for them, or by Release; a simulation asks
// NextRelease how far to move its clock.
//
// Threads: as transport.h says; Cut, Heal and the others below may be called
// by any thread at any time. Observers are called by Receive and Release only,
// which hence must not run at the same time. What a destroyed lane has taken is
// still sent on when its time comes, unless the transport goes first.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/fault_plan.h"
#include "am/transport/transport.h"

namespace am::transport {

enum class CutKind {
  kSilent,  // frames vanish, and nobody is told: a pulled cable
  kLoud,    // lanes are lost, and so is every new one: a closed port
};

class FaultyTransport final : public Transport {
 public:
  FaultyTransport(std::unique_ptr<Transport> inner, const FaultOptions& options,
                  std::function<absl::Time()> now);
  ~FaultyTransport() override;

  // Transport:
  absl::StatusOr<Address> Listen(const Address& address) override;
  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override;
  Inbox& inbox() override;
  std::size_t max_frame_bytes() const override;

  // Cuts the lanes to `address`, also those not opened yet, until Heal. A lane
  // that was lost in the meantime of a silent cut is reported when it heals; a
  // lane lost by a loud one stays lost.
  void Cut(const Address& address, CutKind kind);
  void Heal(const Address& address);

  // When the next waiting frame is due; InfiniteFuture if there is none.
  absl::Time NextRelease() const;

  // Sends on the frames that are due, and calls the observers which that or a
  // cut concerns. Receive does the same.
  void Release();

  FaultCounts counts() const;

 private:
  class Core;

  const std::unique_ptr<Core> core_;
};

}  // namespace am::transport
