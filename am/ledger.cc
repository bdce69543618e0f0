#include "am/ledger.h"

#include "absl/strings/str_cat.h"

namespace am {

bool InboundCounts::Covers(const InboundCounts& other) const {
  return delivered >= other.delivered && expired >= other.expired &&
         rejected >= other.rejected && overloaded >= other.overloaded &&
         draining >= other.draining;
}

InboundCounts& InboundCounts::operator+=(const InboundCounts& other) {
  delivered += other.delivered;
  expired += other.expired;
  rejected += other.rejected;
  overloaded += other.overloaded;
  draining += other.draining;
  return *this;
}

InboundCounts& InboundCounts::operator-=(const InboundCounts& other) {
  delivered -= other.delivered;
  expired -= other.expired;
  rejected -= other.rejected;
  overloaded -= other.overloaded;
  draining -= other.draining;
  return *this;
}

std::uint64_t InboundCounts::*AccountOf(const absl::Status& outcome) {
  switch (outcome.code()) {
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

std::string Ledger::ToString() const {
  return absl::StrCat(
      "accepted ", accepted, " = delivered ", received.delivered, " + expired ",
      received.expired, " + rejected ", received.rejected, " + overloaded ",
      received.overloaded, " + draining ", received.draining, " + link lost ",
      link_lost, " + in doubt ", in_doubt, " + in flight ", in_flight());
}

}  // namespace am
