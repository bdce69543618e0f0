#include "tests/fault/simulation.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/fault/dice.h"
#include "tests/fault/incarnation.h"
#include "tests/fault/recorder.h"

namespace am::fault {
namespace {

using transport::CutKind;

constexpr int kInstances = 8;

// Of simulated time. Whatever is begun while faults last has ended, noticed
// and repaired itself when all has settled.
constexpr absl::Duration kFaultsLast = absl::Seconds(8);
constexpr absl::Duration kLongestTimeout = absl::Seconds(4);
constexpr absl::Duration kSettles = absl::Seconds(12);
constexpr absl::Duration kProbesLast = absl::Seconds(2);

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options)
      : planted_bug_(options.planted_bug),
        dice_(options.seed),
        world_(options.seed, FrameFaults()),
        recorder_(world_.clock()) {
    for (int i = 0; i < kInstances; ++i) {
      names_.push_back(absl::StrCat("m", i));
      Begin(names_.back());
    }
  }

  SimulationResult Run();

 private:
  transport::FaultOptions FrameFaults();
  ManagerOptions Options();
  void Begin(const std::string& name);

  // Has `event` happen later, in order of time.
  void In(absl::Duration delay, std::function<void()> event);
  void RunFor(absl::Duration time);

  void KeepConnecting(Incarnation& self);
  void Work();
  Order RandomOrder(Incarnation& sender);
  RetryPolicy RandomRetries(const MethodSpec& handler);

  void BefallFault();
  void CutSomething();
  void PauseOne();
  void KillOne();
  void LetOneLeave();
  void MaybeReplace(const Incarnation& one);
  void EndFaults();

  void Probe();
  void CollectAccounts();

  Incarnation& At(const std::string& name) { return *current_.at(name); }

  const PlantedBug planted_bug_;
  Dice dice_;
  SimulatedWorld world_;
  Recorder recorder_;
  std::vector<std::string> names_;
  std::map<std::string, Incarnation*> current_;  // by name, the last of each
  std::vector<std::unique_ptr<Incarnation>> incarnations_;
  std::multimap<absl::Time, std::function<void()>> agenda_;
  bool faults_last_ = true;
  std::vector<std::string> violations_;
};

// -- The world ---------------------------------------------------------------

transport::FaultOptions Simulation::FrameFaults() {
  transport::FaultOptions faults;
  faults.drop = dice_.Pick<double>({0, 0, 0.001, 0.01});
  faults.duplicate = dice_.Pick<double>({0, 0.001, 0.01});
  faults.delay = dice_.Pick<double>({0, 0.01, 0.1});
  faults.reorder = dice_.Pick<double>({0, 0.01, 0.1});
  faults.delay_max = dice_.Pick<absl::Duration>(
      {absl::Milliseconds(5), absl::Milliseconds(50), absl::Seconds(1)});
  faults.until = absl::UnixEpoch() + kFaultsLast;
  return faults;
}

ManagerOptions Simulation::Options() {
  ManagerOptions options;
  options.planted_bug = planted_bug_;
  options.shutdown_timeout = absl::Seconds(1);
  options.link.window_messages = dice_.Pick<std::uint32_t>({4, 64, 8192});
  options.link.queue_messages = dice_.Pick<std::size_t>({8, 64, 16 * 1024});
  options.execution.max_queued = dice_.Pick<std::size_t>({8, 16 * 1024});
  options.execution.max_concurrency = dice_.Pick<int>({0, 0, 2});
  return options;
}

void Simulation::Begin(const std::string& name) {
  incarnations_.push_back(
      std::make_unique<Incarnation>(world_, name, Options(), recorder_));
  current_[name] = incarnations_.back().get();
  KeepConnecting(At(name));
}

void Simulation::In(absl::Duration delay, std::function<void()> event) {
  agenda_.emplace(world_.clock().Now() + delay, std::move(event));
}

void Simulation::RunFor(absl::Duration time) {
  const absl::Time end = world_.clock().Now() + time;
  while (!agenda_.empty() && agenda_.begin()->first <= end) {
    const auto next = agenda_.extract(agenda_.begin());
    world_.Run(next.key() - world_.clock().Now());
    next.mapped()();
  }
  world_.Run(end - world_.clock().Now());
}

SimulationResult Simulation::Run() {
  Work();
  In(absl::Milliseconds(100), [this] { BefallFault(); });
  RunFor(kFaultsLast);
  EndFaults();
  RunFor(kSettles);
  Probe();
  RunFor(kProbesLast);
  CollectAccounts();
  SimulationResult result;
  result.history = recorder_.history();
  result.text = recorder_.text();
  result.faults = world_.fault_counts();
  result.violations = Check(result.history);
  result.violations.insert(result.violations.end(), violations_.begin(),
                           violations_.end());
  return result;
}

// -- Work --------------------------------------------------------------------

// Every instance wants to know every other one.
void Simulation::KeepConnecting(Incarnation& self) {
  if (!self.alive) return;
  for (const std::string& other : names_) {
    if (self.runs() && other != self.name()) self.Connect(other);
  }
  In(dice_.Between(absl::Milliseconds(500), absl::Seconds(1)),
     [this, &self] { KeepConnecting(self); });
}

// A burst of one sender, and another one soon.
void Simulation::Work() {
  if (!faults_last_) return;
  Incarnation& sender = At(dice_.Pick(names_));
  const std::uint64_t burst = dice_.Chance(10) ? dice_.Below(30) : 1;
  for (std::uint64_t i = 0; i < burst && sender.runs(); ++i) {
    const Order order = RandomOrder(sender);
    if (order.target.is_nobody()) continue;
    Incarnation::OnCancellable cancel;
    if (dice_.Chance(10)) {
      const absl::Duration after =
          dice_.Between(absl::ZeroDuration(), absl::Milliseconds(300));
      cancel = [this, after](std::function<void()> now) { In(after, now); };
    }
    sender.Send(order, cancel);
  }
  In(dice_.Between(absl::ZeroDuration(), absl::Milliseconds(40)),
     [this] { Work(); });
}

Order Simulation::RandomOrder(Incarnation& sender) {
  Order order{.handler = dice_.Pick(HandlersOfAll()),
              .target = sender.Known(dice_.Pick(names_)),
              .errand = {},
              .options = {}};
  // A coroutine that waits must not be resumed twice.
  const bool may_wait = planted_bug_ != PlantedBug::kCompletionTwice;
  if (may_wait && dice_.Chance(30)) {
    order.errand.wait =
        dice_.Between(absl::ZeroDuration(), absl::Milliseconds(500));
  }
  if (may_wait && dice_.Chance(20)) {
    order.errand.relay_to = sender.Known(dice_.Pick(names_));
  }
  if (dice_.Chance(3)) order.errand.padding = dice_.Below(20'000);
  order.options.timeout = dice_.Between(
      absl::Milliseconds(1),
      dice_.Pick<absl::Duration>(
          {absl::Milliseconds(20), absl::Seconds(1), kLongestTimeout}));
  if (dice_.Chance(5)) order.options.when_full = WhenFull::kWait;
  order.options.retry = RandomRetries(order.handler);
  return order;
}

RetryPolicy Simulation::RandomRetries(const MethodSpec& handler) {
  RetryPolicy policy;
  if (handler.ordered || handler.pattern == Pattern::kNoReturn) return policy;
  policy.max_attempts = dice_.Pick<int>({1, 2, 5});
  policy.initial_backoff =
      dice_.Between(absl::Milliseconds(1), absl::Milliseconds(200));
  return policy;
}

// -- Faults ------------------------------------------------------------------

void Simulation::BefallFault() {
  if (!faults_last_) return;
  switch (dice_.Below(6)) {
    case 0:
      PauseOne();
      break;
    case 1:
      KillOne();
      break;
    case 2:
      LetOneLeave();
      break;
    default:
      CutSomething();
  }
  In(dice_.Between(absl::Milliseconds(50), absl::Milliseconds(700)),
     [this] { BefallFault(); });
}

void Simulation::CutSomething() {
  const std::string one = dice_.Pick(names_), other = dice_.Pick(names_);
  if (one == other) return;
  const CutKind kind = dice_.Pick<CutKind>({CutKind::kSilent, CutKind::kLoud});
  const char* const name = kind == CutKind::kLoud ? "loud" : "silent";
  if (dice_.Chance(40)) {
    recorder_.Log("cut from ", one, " to ", other, ", ", name);
    world_.CutOneWay(one, other, kind);
  } else {
    recorder_.Log("cut between ", one, " and ", other, ", ", name);
    world_.Cut(one, other, kind);
  }
  In(dice_.Between(absl::Milliseconds(1),
                   dice_.Pick<absl::Duration>(
                       {absl::Milliseconds(100), absl::Seconds(5)})),
     [this, one, other] {
       recorder_.Log("healed between ", one, " and ", other);
       world_.Heal(one, other);
     });
}

void Simulation::PauseOne() {
  Incarnation& one = At(dice_.Pick(names_));
  if (!one.runs()) return;
  recorder_.Log(one.name(), " is paused");
  one.paused = true;
  world_.Pause(one.name());
  In(dice_.Between(absl::Milliseconds(1), absl::Seconds(4)), [this, &one] {
    if (!one.alive) return;
    recorder_.Log(one.name(), " goes on");
    one.paused = false;
    recorder_.Resumed(one.id());
    world_.Resume(one.name());
  });
}

void Simulation::KillOne() {
  Incarnation& one = At(dice_.Pick(names_));
  if (!one.alive) return;
  recorder_.Log(one.name(), " is killed");
  one.alive = false;
  recorder_.Died(one.id());
  world_.Kill(one.name());
  MaybeReplace(one);
}

// No fault, but what else ends an instance. Takes as long as its handlers.
void Simulation::LetOneLeave() {
  Incarnation& one = At(dice_.Pick(names_));
  if (!one.runs()) return;
  recorder_.Log(one.name(), " leaves");
  one.Leave();
  MaybeReplace(one);
}

void Simulation::MaybeReplace(const Incarnation& one) {
  if (dice_.Chance(20)) return;  // Gone for good.
  In(dice_.Between(absl::ZeroDuration(), absl::Seconds(3)),
     [this, name = one.name()] { Begin(name); });
}

// Those under way end by themselves, some later.
void Simulation::EndFaults() {
  recorder_.Log("faults end");
  faults_last_ = false;
}

// -- The end -----------------------------------------------------------------

// Each of two that live must be able to reach the other.
void Simulation::Probe() {
  for (const std::string& name : names_) {
    for (const std::string& other : names_) {
      Incarnation& sender = At(name);
      const Incarnation& target = At(other);
      if (name == other || !sender.alive || !target.alive) continue;
      if (sender.Known(other) != target.id()) {
        violations_.push_back(
            absl::StrCat(name, " did not connect to ", other));
        continue;
      }
      Order probe{.handler = ProbeHandler(),
                  .target = target.id(),
                  .errand = {},
                  .options = {},
                  .unhindered = true};
      probe.options.timeout = absl::Seconds(1);
      sender.Send(probe);
    }
  }
}

// With everyone, so that a peer that was forgotten would be missed.
void Simulation::CollectAccounts() {
  for (const auto& sender : incarnations_) {
    if (!sender->alive) continue;
    for (const auto& receiver : incarnations_) {
      Account account = sender->AccountWith(receiver->id());
      account.connected &= receiver->alive;
      recorder_.Add(account);
    }
  }
}

}  // namespace

SimulationResult Simulate(const SimulationOptions& options) {
  return Simulation(options).Run();
}

}  // namespace am::fault
