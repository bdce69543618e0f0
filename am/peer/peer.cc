#include "am/peer/peer.h"

namespace am {
namespace {

constexpr absl::Duration kApproachInterval = absl::Seconds(1);

}  // namespace
// Fails only if the peer is gone, and nobody awaits the reply.
void Peer::Reply(const MessageHeader& header, absl::string_view metadata,
                 const Payload& value) {
  link_->Send(header, metadata, value).IgnoreError();
}

void Peer::Account(const absl::Status& outcome) {
  link_->CountInbound(AccountOf(outcome));
}

bool Peer::MayApproach(absl::Time now) {
  MutexLock lock(mutex_);
  if (now < next_approach_) return false;
  next_approach_ = now + kApproachInterval;
  return true;
}

}  // namespace am
