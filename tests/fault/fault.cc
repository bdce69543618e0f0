// Runs the cases, or those that are named, and prints a row for each.
//
//   tools/dev fault                 tools/dev fault kill_receiver_tcp ...
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fault/cases.h"

namespace am::fault {
namespace {

using Case = std::pair<std::string, std::function<Row()>>;

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const Scheme scheme : {"tcp", "ipc", "shm"}) {
    cases.emplace_back("steady_" + scheme, [=] { return Steady(scheme); });
    cases.emplace_back("kill_receiver_" + scheme,
                       [=] { return KillReceiver(scheme); });
    cases.emplace_back("kill_sender_" + scheme,
                       [=] { return KillSender(scheme); });
    cases.emplace_back("stop_receiver_" + scheme,
                       [=] { return StopReceiver(scheme); });
    cases.emplace_back("stop_sender_" + scheme,
                       [=] { return StopSender(scheme); });
    cases.emplace_back("reset_" + scheme, [=] { return Reset(scheme); });
    cases.emplace_back("slow_consumer_" + scheme,
                       [=] { return SlowConsumer(Slow::kHandlers, scheme); });
    cases.emplace_back("stalled_consumer_" + scheme,
                       [=] { return SlowConsumer(Slow::kProcess, scheme); });
    cases.emplace_back("clock_steps_" + scheme,
                       [=] { return ClockSteps(scheme); });
    cases.emplace_back("overload_" + scheme, [=] { return Overload(scheme); });
  }
  const Scheme shm = "shm";
  cases.emplace_back("kill_receiver_shm_large",
                     [=] { return KillReceiver(shm, kLarge); });
  cases.emplace_back("kill_sender_shm_large",
                     [=] { return KillSender(shm, kLarge); });
  cases.emplace_back("stop_receiver_shm_large",
                     [=] { return StopReceiver(shm, kLargeSilences); });
  cases.emplace_back("stop_sender_shm_large",
                     [=] { return StopSender(shm, kLargeSilences); });
  cases.emplace_back("stop_receiver_both", [] { return StopReceiver("both"); });
  cases.emplace_back("upgrade_cut", [] { return UpgradeCut(); });
  cases.emplace_back("scribble_shm", [] { return Scribble(); });
  for (const Scheme scheme : {"ipc", "shm"}) {
    cases.emplace_back("peers_256_" + scheme,
                       [=] { return ManyPeers(scheme); });
  }
  cases.emplace_back("kill_cohort_worker", [] { return KillCohortWorker(); });
  cases.emplace_back("descriptors_tcp", [] { return Descriptors(); });
  cases.emplace_back("partition_both_ways",
                     [] { return Partition(Cut::kBothWays); });
  cases.emplace_back("partition_to_server",
                     [] { return Partition(Cut::kToServer); });
  cases.emplace_back("partition_to_caller",
                     [] { return Partition(Cut::kToCaller); });
  cases.emplace_back("registry_killed", [] { return RegistryKilled(); });
  cases.emplace_back("etcd_killed",
                     [] { return EtcdAway(EtcdFault::kKilled); });
  cases.emplace_back("etcd_wiped", [] { return EtcdAway(EtcdFault::kWiped); });
  cases.emplace_back("etcd_compacted",
                     [] { return EtcdAway(EtcdFault::kCompacted); });
  return cases;
}

bool RunCase(const Case& fault) {
  const Row row = fault.second();
  std::printf("%s\n", row.ToString().c_str());
  for (const std::string& violation : row.violations) {
    std::printf("  %s\n", violation.c_str());
  }
  std::fflush(stdout);
  return row.ok();
}

int Run(const std::vector<std::string>& names) {
  bool all_ok = true;
  std::size_t run = 0;
  for (const Case& fault : AllCases()) {
    if (!names.empty() &&
        std::find(names.begin(), names.end(), fault.first) == names.end()) {
      continue;
    }
    ++run;
    all_ok &= RunCase(fault);
  }
  if (run < names.size() || run == 0) {
    std::fprintf(stderr, "no such case; there are:\n");
    for (const Case& fault : AllCases()) {
      std::fprintf(stderr, "  %s\n", fault.first.c_str());
    }
    return 2;
  }
  return all_ok ? 0 : 1;
}

}  // namespace
}  // namespace am::fault

int main(int argc, char** argv) {
  return am::fault::Run({argv + 1, argv + argc});
}
