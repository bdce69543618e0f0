#include "tests/fault/seed_tally.h"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

#include "absl/strings/string_view.h"

namespace am::fault {

void SeedTally::Add(std::uint64_t seed, const SimulatedFaults& faults,
                    const std::vector<std::string>& violations) {
  MutexLock lock(mutex_);
  ++seeds_;
  faults_ += faults;
  if (violations.empty()) return;
  violations_ += violations.size();
  std::cout << "seed " << seed << " (" << again_ << " " << seed << "):\n";
  for (const std::string& violation : violations) {
    std::cout << "  " << violation << "\n";
  }
}

void SeedTally::Count(const std::string& what, std::uint64_t count) {
  MutexLock lock(mutex_);
  counts_[what] += count;
}

bool SeedTally::Report(bool needs_every_fault) {
  MutexLock lock(mutex_);
  bool every_fault = true;
  absl::string_view separator = "faults: ";
  for (const auto& [name, count] : faults_.List()) {
    std::cout << separator << count << " " << name;
    separator = ", ";
    every_fault &= count > 0;
  }
  const bool lacks = needs_every_fault && !every_fault;
  if (lacks) std::cout << "\nsome kind of fault was never injected";
  std::cout << "\n" << seeds_ << " seeds, ";
  for (const auto& [what, count] : counts_) {
    std::cout << count << " " << what << ", ";
  }
  std::cout << violations_ << " violations" << std::endl;
  return violations_ == 0 && !lacks;
}

// Each thread takes the next seed until all are done.
void RunSeeds(std::uint64_t first, std::uint64_t seeds,
              absl::FunctionRef<void(std::uint64_t seed)> run) {
  std::atomic<std::uint64_t> next = first;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency());
       ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t seed = next++; seed < first + seeds; seed = next++) {
        run(seed);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace am::fault
