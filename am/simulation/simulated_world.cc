#include "am/simulation/simulated_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/simulation/simulated_driver.h"

namespace am {

using transport::Address;
using transport::CutKind;
using transport::FaultyTransport;

SimulatedFaults& SimulatedFaults::operator+=(const SimulatedFaults& other) {
  frames += other.frames;
  silent_cuts += other.silent_cuts;
  loud_cuts += other.loud_cuts;
  one_way_cuts += other.one_way_cuts;
  pauses += other.pauses;
  kills += other.kills;
  restarts += other.restarts;
  return *this;
}

std::vector<std::pair<absl::string_view, std::uint64_t>> SimulatedFaults::List()
    const {
  return {{"dropped", frames.dropped},
          {"duplicated", frames.duplicated},
          {"delayed", frames.delayed},
          {"reordered", frames.reordered},
          {"silent cuts", silent_cuts},
          {"loud cuts", loud_cuts},
          {"one-way cuts", one_way_cuts},
          {"pauses", pauses},
          {"kills", kills},
          {"restarts", restarts}};
}

SimulatedWorld::SimulatedWorld(std::uint64_t seed,
                               const transport::FaultOptions& faults)
    : random_(seed), faults_(faults) {}

SimulatedWorld::~SimulatedWorld() = default;

std::unique_ptr<Manager> SimulatedWorld::MakeManager(const std::string& name,
                                                     ManagerOptions options) {
  transport::FaultOptions faults = faults_;
  faults.seed = random_();
  auto stirred = std::make_shared<bool>(false);
  auto transport = std::make_shared<FaultyTransport>(
      network_.MakeTransport({.on_stir = [stirred] { *stirred = true; }}),
      faults, [this] { return clock_.now; });
  for (const auto& [direction, kind] : cuts_) {
    if (direction.first != name) continue;
    transport->Cut(Address::InProcess(direction.second), kind);
  }
  auto driver = std::make_shared<SimulatedDriver>(*this, *transport, stirred);
  drivers_[name] = driver;
  faults_so_far_.restarts += killed_.erase(name);
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
  if (StepInstances()) return true;
  if (clock_.now >= limit) return false;
  clock_.now = std::max(clock_.now, std::min(NextEvent(), limit));
  return true;
}

// Those that have something to do, in an order that the seed decides. What the
// last one causes, the first one sees in the next round.
bool SimulatedWorld::StepInstances() {
  std::vector<std::shared_ptr<SimulatedDriver>> drivers;
  for (const auto& [name, driver] : drivers_) {
    if (driver->NextEvent() <= clock_.now) drivers.push_back(driver);
  }
  std::shuffle(drivers.begin(), drivers.end(), random_);
  for (const auto& driver : drivers) {
    if (driver->NextEvent() <= clock_.now) driver->Step();
  }
  return !drivers.empty();
}

absl::Time SimulatedWorld::NextEvent() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [name, driver] : drivers_) {
    next = std::min(next, driver->NextEvent());
  }
  return next;
}

std::shared_ptr<SimulatedDriver> SimulatedWorld::Find(
    const std::string& name) const {
  const auto found = drivers_.find(name);
  return found == drivers_.end() ? nullptr : found->second;
}

// -- Faults ------------------------------------------------------------------

void SimulatedWorld::Cut(const std::string& one, const std::string& other,
                         CutKind kind) {
  Count(kind);
  SetCut({one, other}, kind);
  SetCut({other, one}, kind);
}

void SimulatedWorld::CutOneWay(const std::string& from, const std::string& to,
                               CutKind kind) {
  Count(kind);
  ++faults_so_far_.one_way_cuts;
  SetCut({from, to}, kind);
}

void SimulatedWorld::Count(CutKind kind) {
  ++(kind == CutKind::kSilent ? faults_so_far_.silent_cuts
                              : faults_so_far_.loud_cuts);
}

void SimulatedWorld::SetCut(const Direction& direction, CutKind kind) {
  cuts_[direction] = kind;
  if (const auto driver = Find(direction.first)) {
    driver->transport().Cut(Address::InProcess(direction.second), kind);
  }
}

void SimulatedWorld::Heal(const std::string& one, const std::string& other) {
  Mend({one, other});
  Mend({other, one});
}

void SimulatedWorld::Mend(const Direction& direction) {
  cuts_.erase(direction);
  if (const auto driver = Find(direction.first)) {
    driver->transport().Heal(Address::InProcess(direction.second));
  }
}

void SimulatedWorld::Pause(const std::string& name) {
  if (const auto driver = Find(name)) {
    ++faults_so_far_.pauses;
    driver->set_paused(true);
  }
}

void SimulatedWorld::Resume(const std::string& name) {
  if (const auto driver = Find(name)) driver->set_paused(false);
}

void SimulatedWorld::Kill(const std::string& name) {
  const auto driver = Find(name);
  if (driver == nullptr) return;
  ++faults_so_far_.kills;
  killed_.insert(name);
  network_.Kill(name);
  driver->Kill();
  Forget(*driver);
}

// It has stopped: its faults count, but its transport may go.
void SimulatedWorld::Forget(const SimulatedDriver& driver) {
  const std::size_t running = std::erase_if(drivers_, [&](const auto& entry) {
    return entry.second.get() == &driver;
  });
  if (running > 0) faults_so_far_.frames += driver.transport().counts();
}

SimulatedFaults SimulatedWorld::fault_counts() const {
  SimulatedFaults faults = faults_so_far_;
  for (const auto& [name, driver] : drivers_) {
    faults.frames += driver->transport().counts();
  }
  return faults;
}

}  // namespace am
