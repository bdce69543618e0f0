#include "am/cohort/leader.h"

#include <memory>

#include "am/control/examples/playground/member.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"

namespace am::playground {

void Lead(const std::string& name, const std::string& registry) {
  const examples::Termination termination;
  Member member(name, registry, /*leads=*/true);
  cohort::CohortOptions options;
  options.name = kCohort;
  options.size = cohort::CohortSize::Fixed(2);
  // Workers are there to be drained.
  options.failure_policy = cohort::FailurePolicy::kContinueDegraded;
  const auto leader = examples::OrDie(
      cohort::Leader::Make(member.manager(), std::move(options)));
  member.Announce();
  termination.Await();
}

}  // namespace am::playground
