#include "am/refusals.h"

namespace am {

absl::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kOtherIncarnation:
      return "other_incarnation";
    case Refusal::kUnknownSender:
      return "unknown_sender";
    case Refusal::kWrongSession:
      return "wrong_session";
    case Refusal::kOutOfOrder:
      return "out_of_order";
    case Refusal::kBadCounts:
      return "bad_counts";
    case Refusal::kBadControl:
      return "bad_control";
    case Refusal::kUnknownKind:
      return "unknown_kind";
    case Refusal::kLateReply:
      return "late_reply";
  }
  return "unknown";
}

std::vector<std::pair<std::string, std::uint64_t>> Refusals::List() const {
  std::vector<std::pair<std::string, std::uint64_t>> list;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::uint64_t count = counts_[i].load();
    if (count == 0) continue;
    const absl::string_view name =
        i < kWireErrors ? WireErrorName(static_cast<WireError>(i))
                        : RefusalName(static_cast<Refusal>(i - kWireErrors));
    list.emplace_back(std::string(name), count);
  }
  return list;
}

}  // namespace am
