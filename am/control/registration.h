// Registration: when an instance has to say what to its registry, so that it is
// known there. The rules alone: time and answers go in, what to do comes out.
//
//                    OnRegistered
//   kUnregistered  -------------->  kRegistered   KeepAlive at a third of the
//         ^                             |         lease
//         +-----------------------------+
//           no answer, no such lease, the stream is lost, the record changed
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <random>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/peer/backoff.h"

namespace am::control {

class Registration {
 public:
  enum class Step : std::uint8_t {
    kNothing,
    kRegister,   // say OnRegistered or OnRefused to the answer
    kKeepAlive,  // say OnKeptAlive to the answer
    kReconnect,  // the registry does not answer: begin anew
  };

  // `backoff` is between tries; its chance follows from `seed`.
  Registration(Backoff backoff, std::uint64_t seed)
      : backoff_(backoff), random_(seed) {}

  // What to do now; it is under way from then on.
  Step Next(absl::Time now);

  // When to ask again, if nothing happens before.
  absl::Time due() const;

  void OnRecordChanged(absl::Time now);
  void OnRegistered(std::uint64_t epoch, absl::Duration ttl, absl::Time now);
  // FAILED_PRECONDITION: another instance has taken our place, for good.
  void OnRefused(const absl::Status& why, absl::Time now);
  // `left` zero: there is no such lease.
  void OnKeptAlive(absl::Duration left, absl::Time now);
  void OnStreamLost(absl::Time now);

  bool is_registered() const { return registered_; }
  bool is_superseded() const { return superseded_; }
  // Zero before the first time.
  std::uint64_t epoch() const { return epoch_; }

 private:
  void RegisterAt(absl::Time time);

  Backoff backoff_;
  std::mt19937_64 random_;
  bool registered_ = false;
  bool superseded_ = false;
  bool registering_ = false;
  bool changed_ = false;  // since it began to register
  bool keeping_ = false;  // a KeepAlive is not answered yet
  std::uint64_t epoch_ = 0;
  absl::Duration ttl_;
  absl::Time due_ = absl::InfinitePast();
};

}  // namespace am::control
