// A leader and four workers, processes all; one of them is killed amid a
// parallel map, under each policy. `tools/dev demo` shows "degraded".
//
//   killed [degraded | terminate | wait | fail_fast]
#include <cstdlib>
#include <iostream>
#include <string>

#include "am/cohort/examples/crew.h"
#include "am/cohort/examples/trainer.am.h"
#include "am/examples/or_die.h"

using am::cohort::FailurePolicy;

namespace {

FailurePolicy PolicyOf(const std::string& name) {
  if (name == "degraded") return FailurePolicy::kContinueDegraded;
  if (name == "terminate") return FailurePolicy::kTerminateAll;
  if (name == "wait") return FailurePolicy::kWaitForReplacement;
  if (name == "fail_fast") return FailurePolicy::kFailFast;
  std::cerr << "killed [degraded | terminate | wait | fail_fast]" << std::endl;
  std::exit(2);
}

void Show(FailurePolicy policy) {
  am::examples::Crew crew(4, policy);
  std::cout << "A leader and 4 workers; policy: "
            << am::cohort::FailurePolicyName(policy) << "\n";
  auto map = crew.Work(/*hangs=*/true);
  crew.AwaitStraggler();
  crew.Kill(am::examples::kKilled);
  std::cout << "killed amid the map:\n" << map.Await().ToString();

  if (policy == FailurePolicy::kWaitForReplacement) {
    auto next = crew.Work(/*hangs=*/false);
    crew.StartWorker(am::examples::kKilled);
    std::cout << "the next one, with a replacement:\n"
              << next.Await().ToString();
  } else {
    std::cout << "the next one:\n" << crew.Work(false).Await().ToString();
  }
  std::cout << "the end: " << crew.leader().Shutdown() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "degraded";
  if (what == "worker" && argc == 4) {
    am::examples::RunAsWorker(argv[2], std::stoi(argv[3]));
  } else {
    Show(PolicyOf(what));
  }
}
