// SimulatedWorld: many instances in one thread, on a simulated clock, with
// faults from a seed.
//
//   am::SimulatedWorld world(/*seed=*/7);
//   auto alice = world.MakeManager("alice", {});
//   auto bob = world.MakeManager("bob", {});
//   alice->client().Connect("inproc://bob");       // runs the world on
//   world.Cut("alice", "bob", CutKind::kSilent);
//   world.Run(absl::Seconds(10));                  // takes no time at all
//
// These are the Managers of production, with the same links, windows, tables
// and handlers; only what drives them, what carries their frames and what time
// it is are others. Everything that happens follows from the seed and from
// what the test does: the same seed gives the same history.
//
// Whoever waits (Await, Connect, Shutdown, a handler for its own calls) runs
// the world on meanwhile. Time stands still while anybody has something to do,
// and then moves on to the next thing that is due.
//
// Threads: one. Managers must go before their world.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/clock.h"
#include "am/manager.h"
#include "am/transport/faulty_transport.h"
#include "am/transport/in_process_transport.h"

namespace am {

class SimulatedDriver;

class SimulatedWorld {
 public:
  // `faults` befall every frame; their seed is derived from the world's.
  explicit SimulatedWorld(std::uint64_t seed,
                          const transport::FaultOptions& faults = {});
  ~SimulatedWorld();

  // An instance that is reached at "inproc://<name>". Of the options, what says
  // how to listen and by which transport, clock and driver is replaced.
  std::unique_ptr<Manager> MakeManager(const std::string& name,
                                       ManagerOptions options);

  const Clock& clock() const { return clock_; }

  // Lets everything happen that happens within `time`.
  void Run(absl::Duration time);

  // The same until `condition` is true, and says whether it is.
  bool RunUntil(absl::FunctionRef<bool()> condition, absl::Duration limit);

  // Does one thing, or moves the clock, but not beyond `limit`. False: there
  // is nothing to do until then, and it is that time.
  bool Step(absl::Time limit);

  // Frames between the two, in both directions.
  void Cut(const std::string& one, const std::string& other,
           transport::CutKind kind);
  void Heal(const std::string& one, const std::string& other);

  // A process that is stopped, as by SIGSTOP: it does nothing, and its frames
  // wait.
  void Pause(const std::string& name);
  void Resume(const std::string& name);

  // All faults so far.
  transport::FaultCounts fault_counts() const;

 private:
  friend class SimulatedDriver;

  class SimulatedClock final : public Clock {
   public:
    absl::Time Now() const override { return now; }
    absl::Time now = absl::UnixEpoch();
  };
  struct Instance {
    transport::FaultyTransport* transport;
    std::weak_ptr<SimulatedDriver> driver;
  };

  bool StepInstances();
  absl::Time NextEvent() const;
  std::vector<std::shared_ptr<SimulatedDriver>> Drivers() const;
  Instance& At(const std::string& name);

  SimulatedClock clock_;
  std::mt19937_64 random_;
  transport::FaultOptions faults_;
  transport::InProcessNetwork network_;
  std::map<std::string, Instance> instances_;
};

}  // namespace am
