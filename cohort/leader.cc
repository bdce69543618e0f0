#include "am/cohort/leader.h"

namespace am::cohort {

absl::StatusOr<std::unique_ptr<Leader>> Leader::Make(Manager& manager,
                                                     CohortOptions options) {
  absl::Status checked = Validate(options);
  if (!checked.ok()) return checked;
  auto core = std::make_shared<LeaderCore>(manager, std::move(options));
  checked = core->Start();
  if (!checked.ok()) return checked;
  return std::unique_ptr<Leader>(new Leader(std::move(core)));
}

Leader::~Leader() { core_->Stop(); }

absl::Status Leader::Shutdown() {
  core_->roster().Do([](Membership& membership, absl::Time now) {
    membership.End(absl::CancelledError("the leader ends it"), now);
  });
  return core_->AwaitEnd();
}

}  // namespace am::cohort
