#include "am/simulated_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/simulated_driver.h"

namespace am {

using transport::Address;
using transport::FaultCounts;
using transport::FaultyTransport;

SimulatedWorld::SimulatedWorld(std::uint64_t seed,
                               const transport::FaultOptions& faults)
    : random_(seed), faults_(faults) {}

SimulatedWorld::~SimulatedWorld() = default;

std::unique_ptr<Manager> SimulatedWorld::MakeManager(const std::string& name,
                                                     ManagerOptions options) {
  transport::FaultOptions faults = faults_;
  faults.seed = random_();
  auto transport = std::make_shared<FaultyTransport>(
      network_.MakeTransport(), faults, [this] { return clock_.now; });
  auto driver = std::make_shared<SimulatedDriver>(*this, *transport);
  instances_[name] = {transport.get(), driver};
  options.name = name;
  options.listen = {absl::StrCat("inproc://", name)};
  options.id = InstanceId(random_() | 1);
  options.transport = std::move(transport);
  options.clock = &clock_;
  options.driver = std::move(driver);
  return *Manager::Make(std::move(options));
}

void SimulatedWorld::Run(absl::Duration time) {
  const absl::Time end = clock_.now + time;
  while (Step(end)) {
  }
}

bool SimulatedWorld::RunUntil(absl::FunctionRef<bool()> condition,
                              absl::Duration limit) {
  const absl::Time end = clock_.now + limit;
  while (!condition()) {
    if (!Step(end)) return condition();
  }
  return true;
}

bool SimulatedWorld::Step(absl::Time limit) {
  // What the last one of a round has caused, the first one sees in the next.
  if (StepInstances() || StepInstances()) return true;
  if (clock_.now >= limit) return false;
  clock_.now = std::max(clock_.now, std::min(NextEvent(), limit));
  return true;
}

// In an order that the seed decides.
bool SimulatedWorld::StepInstances() {
  std::vector<std::shared_ptr<SimulatedDriver>> drivers = Drivers();
  std::shuffle(drivers.begin(), drivers.end(), random_);
  bool progress = false;
  for (const auto& driver : drivers) progress |= driver->Step();
  return progress;
}

std::vector<std::shared_ptr<SimulatedDriver>> SimulatedWorld::Drivers() const {
  std::vector<std::shared_ptr<SimulatedDriver>> drivers;
  for (const auto& [name, instance] : instances_) {
    if (auto driver = instance.driver.lock()) {
      drivers.push_back(std::move(driver));
    }
  }
  return drivers;
}

absl::Time SimulatedWorld::NextEvent() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& driver : Drivers()) {
    next = std::min(next, driver->NextEvent());
  }
  return next;
}

SimulatedWorld::Instance& SimulatedWorld::At(const std::string& name) {
  return instances_.at(name);
}

void SimulatedWorld::Cut(const std::string& one, const std::string& other,
                         transport::CutKind kind) {
  At(one).transport->Cut(Address::InProcess(other), kind);
  At(other).transport->Cut(Address::InProcess(one), kind);
}

void SimulatedWorld::Heal(const std::string& one, const std::string& other) {
  At(one).transport->Heal(Address::InProcess(other));
  At(other).transport->Heal(Address::InProcess(one));
}

void SimulatedWorld::Pause(const std::string& name) {
  if (const auto driver = At(name).driver.lock()) driver->set_paused(true);
}

void SimulatedWorld::Resume(const std::string& name) {
  if (const auto driver = At(name).driver.lock()) driver->set_paused(false);
}

FaultCounts SimulatedWorld::fault_counts() const {
  FaultCounts sum;
  for (const auto& driver : Drivers()) {
    const FaultCounts counts = driver->transport().counts();
    sum.dropped += counts.dropped;
    sum.duplicated += counts.duplicated;
    sum.delayed += counts.delayed;
    sum.reordered += counts.reordered;
    sum.swallowed += counts.swallowed;
    sum.lanes_cut += counts.lanes_cut;
  }
  return sum;
}

}  // namespace am
