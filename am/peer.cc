#include "am/peer.h"

namespace am {
namespace {

// In which account a one-way message ends that was refused, or not run.
std::uint64_t InboundCounts::*AccountOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return &InboundCounts::delivered;
    case absl::StatusCode::kDeadlineExceeded:
      return &InboundCounts::expired;
    case absl::StatusCode::kResourceExhausted:
      return &InboundCounts::overloaded;
    case absl::StatusCode::kUnavailable:
      return &InboundCounts::draining;
    default:
      return &InboundCounts::rejected;
  }
}

}  // namespace

// Fails only if the peer is gone, and nobody awaits the reply.
void Peer::Reply(const MessageHeader& header, absl::string_view metadata,
                 const Payload& value) {
  link_->Send(header, metadata, value).IgnoreError();
}

void Peer::Account(const absl::Status& outcome) {
  link_->CountInbound(AccountOf(outcome));
}

}  // namespace am
